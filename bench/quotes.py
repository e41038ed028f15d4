"""How many wrong cells `verify` takes for true, and how many true ones it refuses when they are typeset otherwise.

PYTHONPATH=. python bench/quotes.py [SEED] [--count 500]
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections import Counter

from tests.support.quotes import CASES, distortions, judged, variants

from casetable.quotes import Judged, Outcome

TAKEN = {Outcome.VERIFIED, Outcome.ELSEWHERE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--count", type=int, default=500)
    asked = parser.parse_args()
    true = judged(CASES)
    print(
        f"seed {asked.seed}: undistorted, {sum(each.outcome is Outcome.VERIFIED for each in true)} of {len(true)} verified"
    )
    wrong: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for each in distortions(asked.seed, asked.count):
        wrong[each.how] += 1
        taken[each.how] += _of(judged(each.cases), each.case, each.slot).outcome in TAKEN
    for how, number in sorted(wrong.items()):
        print(f"  {how:<18} {number - taken[how]} of {number} refused")
    same = refused = 0
    for other in variants(asked.seed, asked.count):
        same += 1
        if _of(judged(other.cases), other.case, other.slot).outcome is not Outcome.VERIFIED:
            refused += 1
            print(f"  refused, {other.how}: {other.said!r}")
    print(
        f"distorted: {sum(taken.values())} of {sum(wrong.values())} taken (bar 0); typeset otherwise: {same - refused} of {same} verified (bar .99)"
    )
    sys.exit(1 if sum(taken.values()) or same - refused < 0.99 * same else 0)


def _of(found: tuple[Judged, ...], case: str, slot: str) -> Judged:
    return next(each for each in found if (each.slot.case, each.slot.name) == (case, slot))


if __name__ == "__main__":
    main()
