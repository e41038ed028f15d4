"""build: the review as its readers get it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casetable.edition import Edition
from casetable.flow import Flow
from casetable.problems import Problem
from casetable.review import Item
from casetable.table import Table
from casetable.workflow import Progress, checked_on, readable_review, rules
from casetable.workspace import BUILD, Workspace
from casetable.workspace.outputs import write_outputs


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build wrote, and what the reader of its table must know.

    `set_aside` are files that a person had changed since they were built, with the names under which they are kept;
    `removed` are files of an earlier build that are not built any more, `left` those of them that a person had changed.
    """

    folder: Path
    files: tuple[str, ...]
    table: Table
    flow: Flow
    undecided: tuple[Item, ...]
    problems: tuple[Problem, ...]
    set_aside: Mapping[str, str]
    removed: tuple[str, ...]
    left: tuple[str, ...]


def build(
    workspace: Workspace,
    today: dt.date,
    folder: Path | None = None,
    *,
    is_dry: bool = False,
    progress: Progress = lambda *_: None,
    reading: Progress = lambda *_: None,
) -> Built:
    """Builds all that a review is shown by, and writes it to `folder` (by default build/).

    What is written depends on the review alone: neither `today` nor the machine reaches a file. `reading` is told of each
    report that is read, `progress` of each file that is rendered. Raises ReviewUnreadableError, WriteError.
    """
    from casetable.render import outputs

    review = readable_review(workspace, progress=reading)
    # What the page tells as open is judged on the review's own day.
    checked, on_its_day = checked_on(review, [today, review.searched_on or dt.date.min])
    edition = Edition(review, on_its_day.problems, on_its_day.accepted)
    renderers = outputs(edition, rules())
    files = {}
    for number, (name, render) in enumerate(renderers.items()):
        progress(number, len(renderers))
        files[name] = render()
    progress(len(renderers), len(renderers))
    target = folder or workspace.root / BUILD
    outcome = None if is_dry else write_outputs(target, files)
    return Built(
        folder=target,
        files=tuple(sorted(files)),
        table=edition.table,
        flow=edition.flow,
        undecided=review.undecided,
        problems=checked.problems,
        set_aside=outcome.set_aside if outcome else {},
        removed=outcome.removed if outcome else (),
        left=outcome.left if outcome else (),
    )
