"""A strategy over 100,000 records: `match` against a naive evaluation by regular expressions, in one run.

Prints the ratio of the two (at least 25), that both find the same records, surely and perhaps, and how the time grows
with the number of records (linear: twice the records, at most 2.4 × the time).
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import time

from tests.support.matching import invented, naive, strategy, vocabulary

from casetable.query import match, parse

TODAY = dt.date(2026, 1, 20)


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chance = random.Random(7)
    words = vocabulary(chance, 20_000)
    articles = invented(number, words, chance)
    text = strategy(words, chance)
    node = parse(text)
    seconds = {}
    for part in (number // 4, number // 2, number):
        start = time.perf_counter()
        matched = match(node, articles[:part], today=TODAY, text=text)
        seconds[part] = time.perf_counter() - start
    start = time.perf_counter()
    found, maybe = naive(node, articles)
    slow = time.perf_counter() - start
    is_same = (matched.sure, matched.maybe) == (found, maybe)
    hits, perhaps = found.bit_count(), (maybe & ~found).bit_count()
    print(
        f"match: {len(matched.terms)} terms over {number:,} records: {hits:,} found, {perhaps:,} not to be known,"
        f" {'the same as' if is_same else 'NOT THE SAME AS'} a naive evaluation"
    )
    print(f"match: {slow / seconds[number]:.0f} × as fast as regular expressions (at least 25)")
    growth = [seconds[number // 2] / seconds[number // 4], seconds[number] / seconds[number // 2]]
    print(f"match: twice the records, {growth[0]:.1f} × and {growth[1]:.1f} × the time (at most 2.4)")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
