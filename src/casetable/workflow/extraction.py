"""Extraction without YAML: a spreadsheet of a report to fill in, and what was filled in brought into the report's file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from casetable.curation.content import Item as Cell
from casetable.curation.content import ReportContent, cells_of, content_of, report_node
from casetable.curation.edits import new_report, report_name
from casetable.curation.files import read_report, report_of
from casetable.curation.merge import merge
from casetable.curation.nodes import Node, read_nodes
from casetable.curation.rewrite import RewriteError, rewritten
from casetable.curation.sheet_reading import X102, SheetContent, read_sheets
from casetable.curation.sheets import REPORT, template_of
from casetable.errors import ReviewUnreadableError, UsageError
from casetable.formats.workbook import MAX_BYTES, WorkbookError, read_workbook
from casetable.model import Form
from casetable.model.sheet import Workbook
from casetable.problems import Place, Problem, Severity, in_order, shown
from casetable.review import Item, Review
from casetable.workflow import LOGS, known_item, readable_review, require_text, write_schemas
from casetable.workspace import FORM, PROTOCOL, REPORTS, SCREENING, Workspace
from casetable.workspace.files import write_whole

# Faults after which a file's cells cannot be shown one by one; all others the sheet shows, for the person to mend.
_UNSHOWN = ("F", "E102", "E107")


@dataclass(frozen=True, kw_only=True)
class WrittenTemplate:
    """A spreadsheet that was written, how many cells it was filled with, and from which extraction ("" if none)."""

    path: Path
    source: str
    cells: int
    cases: int


@dataclass(frozen=True, kw_only=True)
class ImportedCases:
    """What a spreadsheet changed in an extraction: its path, its bytes before and after, and all that is to be told.

    With an error among the problems nothing was written, and `after` is `before`.
    """

    path: str
    before: bytes
    after: bytes
    changes: int
    problems: tuple[Problem, ...]

    @property
    def is_refused(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def write_template(
    workspace: Workspace, name: str, out: Path, *, cases: int = 1, is_dry: bool = False
) -> WrittenTemplate:
    """Writes the spreadsheet of a report, named by the key of its record or its extraction, or a blank one.

    It is filled with what the extraction says, where there is one. Raises UsageError for an unknown name, a report that is
    not included, or a file that is no spreadsheet's; ReviewUnreadableError.
    """
    from casetable.render.template_xlsx import render_template

    if out.suffix.lower() != ".xlsx":
        raise UsageError(f"{shown(out.name)} is no spreadsheet's name; expected the ending .xlsx")
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} is there already, perhaps filled in; nothing was written; give another name")
    review = readable_review(workspace, *LOGS, FORM, PROTOCOL, SCREENING)
    form = _form(review)
    key = citation = source = ""
    content: ReportContent | None = None
    if name:
        item = _item(review, name)
        key, citation = item.record.key, item.record.citation
        if item.extractions:
            source = f"{REPORTS}/{item.extractions[0].name}.yaml"
    if source:
        content = _content(source, workspace.read(source), form)
        key = content.facts["report"].text if "report" in content.facts else key
    protocol = review.inputs.protocol
    reasons = tuple(protocol.exclusion_reasons) if protocol is not None else ()
    template = template_of(form, content, key=key, citation=citation, reasons=reasons, cases=cases)
    data = render_template(template)
    if not is_dry:
        write_whole(out, data)
    return WrittenTemplate(
        path=out,
        source=source,
        cells=len([each for _, _, each in cells_of(content) if each.content]) if content is not None else 0,
        cases=max(cases, len(content.cases) if content is not None else 0),
    )


def import_cases(
    workspace: Workspace,
    file: Path,
    *,
    by: str = "",
    today: dt.date,
    is_replacing: bool = False,
    is_dry: bool = False,
) -> ImportedCases:
    """Brings what a spreadsheet says into the report's extraction, which is written anew or changed cell by cell.

    Every fault of the sheet is returned, and with one of them nothing is written. `by` stands for who extracted, today, where
    neither the sheet nor the file says it. Raises UsageError where the file is no spreadsheet or the report is not included;
    RewriteError; ReviewUnreadableError.
    """
    workbook = _workbook(file)
    require_text(("the name", by))
    with workspace.locked():
        review = readable_review(workspace, *LOGS, FORM, SCREENING)
        form = _form(review)
        filled = read_sheets(str(file), workbook, form)
        item = review.item_of(filled.key) if filled.key else None
        if item is None:
            return ImportedCases(
                path="", before=b"", after=b"", changes=0, problems=in_order(_without_report(filled, form))
            )
        _require_included(item)
        is_new = not item.extractions
        if is_new:
            path = f"{REPORTS}/{report_name(item.record, workspace.report_names())}.yaml"
            before = b""
            first = next((case.id for case in filled.content.cases), "1")
            data = new_report(item.record, item.record.key, form, case=first)
        else:
            path = f"{REPORTS}/{item.extractions[0].name}.yaml"
            before = data = workspace.read(path)
        held = _content(path, data, form)
        merged = merge(held, _signed(filled, held, by, today), form, is_replacing=is_replacing, is_new=is_new)
        name = Path(path).stem
        _, earlier = read_report(path, name, data, form)
        _, faults = report_of(report_node(merged.content, form), name, form)
        problems = in_order([*filled.problems, *merged.problems, *(fault for fault in faults if fault not in earlier)])
        found = ImportedCases(path=path, before=before, after=before, changes=0, problems=problems)
        if found.is_refused or not merged.edits:
            return found
        after = rewritten(path, data, merged.edits)
        if _cells(_content(path, after, form)) != _cells(merged.content):
            raise RewriteError(f"{path}: the file would not say what the sheet says; nothing was written")
        if not is_dry:
            workspace.write(path, after, is_new=is_new)
            if is_new:
                write_schemas(workspace)
    return replace(found, after=after, changes=len(merged.edits))


def _cells(content: ReportContent) -> list[tuple[str, str, object]]:
    return [(case, field, each.content) for case, field, each in cells_of(content)]


def _signed(filled: SheetContent, held: ReportContent, by: str, today: dt.date) -> SheetContent:
    """Returns a sheet's content with who extracted, and when, where that is given and nothing says it yet."""
    if not by.strip() or {**held.facts, **filled.content.facts}.keys() & {"by", "when"}:
        return filled
    place = filled.content.place
    texts = {"by": " ".join(by.split()), "when": today.isoformat()}
    facts = {key: Cell(texts={"value": Node(place=place, text=text)}, place=place) for key, text in texts.items()}
    return replace(filled, content=replace(filled.content, facts={**filled.content.facts, **facts}))


def _without_report(filled: SheetContent, form: Form) -> Iterable[Problem]:
    """Yields every fault of a sheet of which it is not known to which report it belongs."""
    yield from filled.problems
    given = filled.content.facts.get("report")
    if given is None:
        place = Place(filled.content.place.path, sheet=REPORT)
        yield X102.at(
            place, "does not say of which report it is; expected the key of its record behind 'Record'", field="report"
        )
    else:
        message = f"{shown(given.text)} is no record of this review; expected a key as pmid:39664278"
        yield X102.at(given.place, message, field="report", hint="'casetable status --records' lists them")
    _, faults = report_of(report_node(filled.content, form), "", form)
    yield from (fault for fault in faults if fault.field != "report")


def _workbook(file: Path) -> Workbook:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        return read_workbook(data)
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror})") from None
    except WorkbookError as error:
        raise UsageError(f"{file} {error}; nothing was written") from None


def _form(review: Review) -> Form:
    if review.inputs.form is None:
        raise UsageError("the review has no form")
    return review.inputs.form


def _item(review: Review, name: str) -> Item:
    """Returns the report that a person names by the key of its record or by its extraction."""
    stem = name.removesuffix(".yaml").rpartition("/")[2].lower()
    for item in review.items:
        if any(report.name.lower() == stem for report in item.extractions):
            return item
    item = known_item(review, name)
    _require_included(item)
    return item


def _require_included(item: Item) -> None:
    if not item.screened.standing.is_included and not item.extractions:
        raise UsageError(
            f"{item.record.label} is {item.screened.standing}; nothing was written; next: casetable screen {item.record.key}"
        )


def _content(path: str, data: bytes, form: Form) -> ReportContent:
    node, faults = read_nodes(path, data)
    if node is not None and not faults:
        _, faults = read_report(path, Path(path).stem, data, form)
    unshown = [fault for fault in faults if fault.code.startswith(_UNSHOWN)]
    if node is None or unshown:
        told = "\n".join(map(str, in_order(unshown or faults)))
        raise ReviewUnreadableError(f"{path} cannot be shown in a sheet as it stands; nothing was written:\n{told}")
    return content_of(node, form)
