"""What each file of a build costs, and how it grows with the cases.

Prints, of invented reviews of 99 and of 999 cases with all that a build can hold, seconds per file in one run, the ratio
of ten times the cases (at most 11), and the size of the file. What several files share (the tables, the flow, the
overlaps of patients) is computed once and told apart. The figures of the clinical course are drawn for the cases that
the form names, here for all, of a tenth of the cases: 9 and 99.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from bench.scale import CASES, write_review

from casetable.edition import Edition
from casetable.render import outputs
from casetable.workflow import load_review
from casetable.workspace import Workspace

SIZES = (33, 333)
ROUNDS = 3
FORM = """\
  title: Invented cases
  order: [-f0, year]
  group_by: f2
  notes: [All of this is invented.]
tables:
  supplement: {columns: [f1, f3, f4, f6, f8, f9]}
abbreviations: {CT: computed tomography}
"""
FIGURES = FORM + "course: {bars: [f4, f9], lines: [f1, f6], zero: first day, cases: all}\n"


def main() -> None:
    gc.set_threshold(200_000, 50, 100)  # as the command does
    took: dict[tuple[str, int], list[float]] = defaultdict(list)
    size: dict[tuple[str, int], int] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for kind, form, sizes in (("", FORM, SIZES), ("figures", FIGURES, tuple(number // 10 for number in SIZES))):
            for reports in sizes:
                folder = Path(temporary) / f"{kind}{reports}"
                folder.mkdir()
                write_review(folder, reports, more=form)
            for _ in range(ROUNDS):  # large and small by turns, as the machine is busy at times
                for place, reports in enumerate(sizes):
                    workspace = Workspace(Path(temporary) / f"{kind}{reports}")
                    found = measured(workspace, kind)
                    for name, (seconds, bytes_) in found.items():
                        took[name, place].append(seconds)
                        size[name, place] = bytes_
    print(f"{'':34}{SIZES[0] * CASES:>6} cases{SIZES[1] * CASES:>9} cases   ratio      bytes")
    for name in dict.fromkeys(name for name, _ in took):
        small, large = min(took[name, 0]), min(took[name, 1])
        print(f"{name:34}{small:>10.3f} s{large:>13.3f} s{large / small:>8.1f}{size[name, 1]:>11,}")
    small, large = (
        sum(min(took[name, place]) for name, at in took if at == place and "figures/" not in name) for place in (0, 1)
    )
    print(f"{'all but the figures':34}{small:>10.3f} s{large:>13.3f} s{large / small:>8.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / (1024 if sys.platform != 'darwin' else 1024**2):,.0f} MB")


def measured(workspace: Workspace, kind: str) -> dict[str, tuple[float, int]]:
    """Returns seconds and bytes of each file; figures are taken together."""
    found: dict[str, tuple[float, int]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        result = work()
        seconds = time.process_time() - start
        before = found.get(name, (0.0, 0))
        found[name] = (before[0] + seconds, before[1] + (len(result) if isinstance(result, bytes) else 0))

    review = load_review(workspace)
    edition = Edition(review)
    timed("(shared)", lambda: (outputs(edition), edition.fields, edition.drifts))
    for name, render in outputs(edition).items():
        is_figure = name.startswith("figures/")
        if is_figure == (kind == "figures"):
            timed(f"figures/*{Path(name).suffix}" if is_figure else name, render)
    return found if kind != "figures" else {name: told for name, told in found.items() if name.startswith("figures/")}


if __name__ == "__main__":
    main()
