"""How well overlapping patients are told from others who look alike, on fresh seeds of invented reviews; and how time grows.

The reviews are of two worlds that were made independently (tests/support/overlaps.py and retold.py), each in several regimes.

PYTHONPATH=. python bench/overlap.py [SEED] [--reviews 10] [--cases 300]
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable

from tests.support import retold
from tests.support.overlaps import FORMS, World, measured, world

from casetable.overlap import candidates, possible_among

REGIMES: list[tuple[str, str, Callable[[int, int, str], World]]] = [
    *((f"first {regime}", regime, world) for regime in FORMS),
    *((f"second {regime}", regime, retold.world) for regime in retold.REGIMES),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--reviews", type=int, default=10)
    parser.add_argument("--cases", type=int, default=300)
    asked = parser.parse_args()
    print(f"seed {asked.seed}: {asked.reviews} reviews of {asked.cases} cases a regime, look-alikes in them")
    raised = right = planted = 0
    for name, regime, made in REGIMES:
        found = [measured(made(asked.seed + number, asked.cases, regime)) for number in range(asked.reviews)]
        counts = [sum(getattr(each, name) for each in found) for name in ("raised", "right", "planted")]
        print(f"  {name:<18} planted {counts[2]:>4}  raised {counts[0]:>4}  right {counts[1]:>4}"
              f"  precision {counts[1] / max(counts[0], 1):.3f}  recall {counts[1] / max(counts[2], 1):.3f}")  # fmt: skip
        raised, right, planted = raised + counts[0], right + counts[1], planted + counts[2]
    print(f"  {'all':<18} planted {planted:>4}  raised {raised:>4}  right {right:>4}"
          f"  precision {right / max(raised, 1):.3f} (bar .9)  recall {right / max(planted, 1):.3f} (bar .7)")  # fmt: skip
    times = {}
    for size in (200, 2000):
        made = world(asked.seed, size, "rich")
        start = time.perf_counter()
        possible_among(made.people, made.form)
        times[size] = time.perf_counter() - start
        print(f"  {size:,} cases: {len(candidates(made.people)):,} pairs compared of {size * (size - 1) // 2:,}")
    print(f"  ten times the cases take {times[2000] / times[200]:.1f} times as long")
    sys.exit(0 if right >= 0.9 * raised and right >= 0.7 * planted else 1)


if __name__ == "__main__":
    main()
