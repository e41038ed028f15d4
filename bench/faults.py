"""The fault matrix: refreshes against the mirror under each kind of fault of E-utilities, many seeds each.

Every passing fault at 20 % probability: at least 198 of 200 runs must end with the right records, and the others with
exit code 4, nothing changed, after one request failed on every permitted attempt. Where an answer is short of records,
all runs must end with the right records or name those that did not come. Every lasting fault: one attempt, a message
that names the cause. Ends 1 where that does not hold.
"""

from __future__ import annotations

import sys

from tests.support.faults import ATTEMPTS, PERMANENT, SHORT, TRANSIENT, library, quick_transport, run


def main(runs: int) -> int:
    mirror, transport = library(), quick_transport()
    is_good = True
    for code in (*TRANSIENT, *SHORT):
        results = [run(mirror, code, 0.2, seed, transport) for seed in range(runs)]
        right = sum(1 for r in results if r.code == 0 and r.is_right)
        honest = sum(1 for r in results if r.code == 4 and r.is_unchanged and r.attempts >= ATTEMPTS)
        named = sum(1 for r in results if r.code == 0 and not r.is_right and r.is_named) if code in SHORT else 0
        good = right + honest + named == runs and (code in SHORT or right >= runs * 0.99)
        is_good &= good
        rest = f", {named} with the missing records named" if named else ""
        verdict = "" if good else "   FAILED"
        print(f"{code}: {right} of {runs} right, {honest} ended 4 with nothing changed{rest}{verdict}", flush=True)
    for code, cause in PERMANENT.items():
        result = run(mirror, code, 1, 0, transport)
        good = result.code == 2 and result.attempts == 1 and cause in result.message and result.is_unchanged
        is_good &= good
        print(f"{code}: {result.attempts} attempt, '{result.message}'{'' if good else '   FAILED'}", flush=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
