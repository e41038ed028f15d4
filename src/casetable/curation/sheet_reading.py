"""Reads the sheets of an extraction back: which row says what of which case and field, and what is wrong with it.

Every cell becomes the node that the reader of YAML would have found, with sheet and cell for its place, so that a sheet is
judged by the rules, and in the words, of `check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from casetable.curation.content import (
    CASE_FACTS,
    COUNTS,
    COURSE_TEXTS,
    ITEM_KEYS,
    REPORT_FACTS,
    AskedItem,
    CaseContent,
    CourseItem,
    Item,
    ReportContent,
    plain_text,
    split_choices,
    with_common_when,
    with_plain_parts,
)
from casetable.curation.nodes import Node, can_be_written
from casetable.curation.sheets import (
    CASE_LABELS,
    CASES,
    COLUMNS,
    CONFLICTING,
    DETAILS,
    FIXED,
    HOW_TO,
    LISTS,
    QUESTIONS,
    REPORT,
    REPORT_LABELS,
    TREATMENTS,
)
from casetable.model import COURSE_PARTS, REASONS, Field, FieldType, Form, plain_number
from casetable.model.sheet import Kept, Sheet, SheetCell, Workbook
from casetable.problems import Example, Place, Problem, Rule, Severity, did_you_mean, joined, shown

_SHEET = "sheet.xlsx"

X101 = Rule(
    code="X101",
    name="not-as-typed",
    summary="a spreadsheet keeps something else than the text that was typed",
    why="Spreadsheets make dates of 3-4, numbers of quotes and results of formulas; what the report says is lost by it.",
    fix="Format the cell as text, and type it again; a formula is replaced by what it gives.",
    example=Example(
        path=_SHEET,
        good="Cases | Age | Value | 3\n",
        bad="Cases | Age | Value | =1+2\n",
        message="case 1: the formula '=1+2' stands here, and no formula is worked out; expected what it gives",
    ),
)
X102 = Rule(
    code="X102",
    name="row-without-place",
    summary="a row or cell of a spreadsheet has no place in the extraction",
    why="What it says would be left out, or would go to another case or field.",
    fix="Say of which case and field it is, in the words of the template; 'casetable template' writes it anew.",
    example=Example(
        path=_SHEET,
        good="Cases | Weight | Value | 12\n",
        bad="Cases | Wheight | Value | 12\n",
        message="'Wheight' is no field of the form",
    ),
)
X103 = Rule(
    code="X103",
    name="changed-meanwhile",
    summary="a spreadsheet would replace what somebody wrote into the extraction since",
    why="The later import would undo the work of another person, and nobody would see it.",
    fix="Write into the sheet what is right, or import with --replace.",
    example=Example(
        path=_SHEET,
        good="Cases | Age | Value | 3\n",
        bad="Cases | Age | Value | 4\n",
        message="case 1: '4' stands here, and the file says '5', which it did not when the sheet was written;"
        " expected the file's",
        also=(
            (
                "curated/reports/doe-2020.yaml",
                "schema: 1\nreport: pmid:11\naccess: full text\nextracted: {by: A. Curator, when: 2026-01-15}\n"
                "cases_in_report: 1\neligible_cases: 1\nnote: the invented report of the examples\n"
                "cases:\n  - case: 1\n    eligible: yes\n    age_years: 5\n    sex: female\n    country: China\n",
            ),
        ),
    ),
)
X104 = Rule(
    code="X104",
    name="left-as-it-is",
    severity=Severity.NOTE,
    summary="something of a spreadsheet was not taken, or the extraction's own value stays",
    why="Whoever filled the sheet in may have meant it otherwise.",
    fix="To delete a value, edit the extraction's file; to bring in more, use the columns of the template.",
    example=Example(
        path=_SHEET,
        good="Cases | Age | Value | 3\n",
        bad="Cases | Age | Value |\n",
        message="case 1: is blank; the file's '3' stays",
    ),
)

RULES = (X101, X102, X103, X104)

_REASON_TEXTS = frozenset(reason.value for reason in REASONS)
# A head is looked for below a title, not through the whole sheet.
_HEAD_WITHIN = 15
_NEEDED = {
    REPORT: ("field", "value"),
    CASES: ("case", "field", "value"),
    TREATMENTS: ("case", "field", "drug"),
    DETAILS: ("case", "field", "course", "part", "value"),
    QUESTIONS: ("question", "answer"),
}
# Columns whose content is the same for all rows that a merged cell spans.
_FILLED_DOWN = frozenset({"case", "field", "name", "course"})
_DATED = frozenset({"when", "start", "stop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row with its cells by key. `places` has every column's place in it."""

    number: int
    cells: Mapping[str, SheetCell]
    sheet: str
    path: str
    columns: Mapping[str, int]

    @property
    def place(self) -> Place:
        return Place(self.path, self.number, 0, self.sheet)

    def at(self, key: str) -> Place:
        return Place(self.path, self.number, self.columns.get(key, 0), self.sheet)

    def plain(self, key: str) -> str:
        cell = self.cells.get(key)
        return " ".join(cell.text.split()) if cell is not None else ""

    @property
    def has_content(self) -> bool:
        return any(key not in FIXED and key != "status" for key in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContent:
    """What a spreadsheet says of a report. `blanks` are rows with a mark that say nothing any more, by mark; `absent` are
    the columns that it has no more."""

    content: ReportContent
    blanks: Mapping[str, Place] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        """The key of the record, as the sheet has it."""
        return self.content.facts["report"].text if "report" in self.content.facts else ""


def read_sheets(path: str, workbook: Workbook, form: Form) -> SheetContent:
    """Returns what the sheets say, and every fault and remark; raises nothing, whatever stands in them."""
    return _Reader(path, workbook, form).read()


class _Reader:
    def __init__(self, path: str, workbook: Workbook, form: Form) -> None:
        self.path, self.workbook, self.form = path, workbook, form
        self.problems: list[Problem] = []
        self.blanks: dict[str, Place] = {}
        self.absent: set[str] = set()

    def tell(self, rule: Rule, place: Place, message: str, *, field: str = "", hint: str = "", case: str = "") -> None:
        lead = f"case {case}: " if case else ""
        self.problems.append(rule.at(place, lead + message, field=field, hint=hint))

    def read(self) -> SheetContent:
        known = {name.lower() for name in (*COLUMNS, HOW_TO, LISTS)}
        for sheet in self.workbook.sheets:
            if sheet.name.strip().lower() not in known and sheet.cells:
                self.tell(X104, Place(self.path, sheet=sheet.name), "this sheet is not read")
        facts, counts = self._report()
        cases = self._cases()
        content = ReportContent(
            place=Place(self.path, sheet=REPORT), facts=facts, counts=counts, cases=tuple(cases.values())
        )
        content = self._with_questions(content)
        return SheetContent(
            content=content,
            blanks=self.blanks,
            absent=frozenset(self.absent),
            problems=tuple(self.problems),
        )

    # --- tables ---

    def _rows(self, name: str) -> Iterator[_Row]:
        """Yields the rows below the head of a sheet that say anything."""
        sheet = self.workbook.sheet(name)
        if sheet is None:
            rule = X102 if name in {REPORT, CASES} else X104
            told = "is not there; expected it as the template has it" if rule is X102 else "is not there, and not read"
            self.tell(rule, Place(self.path, sheet=name), told)
            return
        lines: dict[int, dict[int, SheetCell]] = {}
        for (row, column), cell in sheet.cells.items():
            lines.setdefault(row, {})[column] = cell
        head = self._head(name, lines)
        if head is None:
            needed = joined([c.heading for c in COLUMNS[name] if c.key in _NEEDED[name]], "and")
            self.tell(X102, Place(self.path, sheet=sheet.name), f"has no row with the headings {needed}; expected them")
            return
        columns = self._columns(name, sheet, head, lines)
        by_place = {at: key for key, at in columns.items()}
        spread = self._merged(sheet, head, by_place)
        for number in sorted({*lines, *(row for row, _ in spread)}):
            if number <= head:
                continue
            found = {by_place[at]: cell for at, cell in lines.get(number, {}).items() if at in by_place}
            found |= {by_place[at]: cell for (row, at), cell in spread.items() if row == number}
            if found:
                yield _Row(number=number, cells=found, sheet=sheet.name, path=self.path, columns=columns)

    def _head(self, name: str, lines: Mapping[int, Mapping[int, SheetCell]]) -> int | None:
        wanted = {_heading(column.heading) for column in COLUMNS[name] if column.key in _NEEDED[name]}
        for number in sorted(lines)[:_HEAD_WITHIN]:
            if wanted <= {_heading(cell.text) for cell in lines[number].values()}:
                return number
        return None

    def _columns(
        self, name: str, sheet: Sheet, head: int, lines: Mapping[int, Mapping[int, SheetCell]]
    ) -> dict[str, int]:
        keys = {_heading(column.heading): column.key for column in COLUMNS[name]}
        columns: dict[str, int] = {}
        strange: dict[int, str] = {}
        for at, cell in lines[head].items():
            key = keys.get(_heading(cell.text), "")
            if key and key in columns:
                self.tell(
                    X102,
                    Place(self.path, head, at, sheet.name),
                    f"the heading {shown(cell.text)} stands here a second time; expected each once",
                )
            elif key:
                columns[key] = at
            else:
                strange[at] = cell.text
        missing = [
            column
            for column in COLUMNS[name]
            if column.key not in columns and column.key not in {"help", "name", "mark"}
        ]
        used = {at for number, line in lines.items() if number > head for at in line}
        for at in sorted(used - set(columns.values())):
            place = Place(self.path, head, at, sheet.name)
            told = f"the column {shown(strange[at])}" if at in strange else "a column without a heading"
            if at in strange and missing:
                expected = joined([column.heading for column in missing])
                hint = did_you_mean(strange[at], [column.heading for column in missing], likeness=0.6)
                self.tell(X102, place, f"{told} is not known, and {expected} is missing; expected that", hint=hint)
            else:
                self.tell(X104, place, f"{told} is not read")
        for column in missing:
            self.absent.add(column.key)
            if not strange:
                place = Place(self.path, head, 0, sheet.name)
                self.tell(X104, place, f"there is no column '{column.heading}'; what the file has there stays")
        return columns

    def _merged(self, sheet: Sheet, head: int, by_place: Mapping[int, str]) -> dict[tuple[int, int], SheetCell]:
        """Returns the cells that a merged one stands for, where rows share it; tells those that cannot be shared."""
        spread: dict[tuple[int, int], SheetCell] = {}
        for top, left, bottom, right in sheet.merged:
            cell = sheet.cells.get((top, left))
            if cell is None or bottom <= head:
                continue
            if left == right and by_place.get(left) in _FILLED_DOWN:
                spread |= {(row, left): cell for row in range(top + 1, min(bottom, top + 5_000) + 1)}
            elif any(at in by_place for at in range(left, min(right, left + 100) + 1)) and (top > head):
                self.tell(
                    X102, Place(self.path, top, left, sheet.name), "is merged with others; expected a cell of its own"
                )
        return spread

    # --- cells ---

    def _node(self, row: _Row, key: str, *, field: str, case: str, known: Field | None = None) -> Node | None:
        """Returns a cell as a node; None where it is empty, or is not what was typed, which is told."""
        cell = row.cells.get(key)
        if cell is None:
            return None
        place = row.at(key)
        text = self._typed(cell, place, key, field=field, case=case, known=known)
        if text is None:
            return None
        if not can_be_written(text):
            message = f"{shown(text)} holds a character that is no text; expected letters, digits and signs"
            self.tell(X101, place, message, field=field, case=case)
            return None
        if key == "value" and known is not None and known.type is FieldType.CHOICES:
            parts = split_choices(text, known.choices)
            if len(parts) > 1:
                return Node(place=place, items=[Node(place=place, text=part) for part in parts])
        return Node(place=place, text=text)

    def _typed(
        self, cell: SheetCell, place: Place, key: str, *, field: str, case: str, known: Field | None
    ) -> str | None:
        is_number = (key == "value" and known is not None and known.type is FieldType.NUMBER) or key in {
            "dose",
            "count",
        }
        expected = "a number" if is_number else "text"
        again = "format the cell as text, and type it again"
        if cell.kept is Kept.TEXT:
            return cell.text.strip()
        if cell.kept is Kept.FORMULA:
            told = f"the formula {shown(cell.text)} stands here, and no formula is worked out; expected what it gives"
            self.tell(X101, place, told, field=field, case=case)
        elif cell.kept is Kept.ERROR:
            self.tell(
                X101, place, f"the error {shown(cell.text)} stands here; expected {expected}", field=field, case=case
            )
        elif cell.kept is Kept.TRUTH:
            if field == "eligible":
                return cell.text
            told = f"the spreadsheet made a truth value of what was typed; expected {expected}"
            self.tell(X101, place, told, field=field, case=case, hint=again)
        elif cell.kept is Kept.DATE:
            if field == "when" and not case:  # the day of the extraction
                return cell.text
            if key in _DATED:
                self.tell(X104, place, f"a date stands here, and is read as {cell.text}", field=field, case=case)
                return cell.text
            told = f"the spreadsheet made the date {cell.text} of what was typed; expected {expected}"
            self.tell(X101, place, told, field=field, case=case, hint=again)
        elif "%" in cell.shown_as:
            share = plain_number(Decimal(cell.text) * 100)
            if is_number and known is not None and known.unit == "%":
                return share
            told = f"the spreadsheet keeps {share} % as {cell.text}; expected {expected}"
            self.tell(X101, place, told, field=field, case=case, hint=again)
        elif cell.shown_as and not is_number:
            told = f"the spreadsheet keeps the number {cell.text} and shows it as {cell.shown_as}; expected text"
            self.tell(X101, place, told, field=field, case=case, hint=again)
        else:
            return cell.text
        return None

    def _item(
        self, row: _Row, *, field: str, case: str, known: Field | None, keys: tuple[str, ...] = ITEM_KEYS
    ) -> Item:
        texts = {
            key: node for key in keys if (node := self._node(row, key, field=field, case=case, known=known)) is not None
        }
        place = texts["value"].place if set(texts) == {"value"} else row.at("value")
        return Item(texts=texts, place=place, mark=_own_mark(row, case, field))

    def _items(self, rows: list[_Row], *, field: str, case: str, known: Field | None) -> list[Item]:
        """Returns the cells that rows of one field hold: those marked as conflicting make one cell of several rows."""
        found: list[Item] = []
        head: Item | None = None
        group: list[Item] = []

        def close() -> None:
            nonlocal head, group
            if head is not None or group:
                whole = Item(
                    texts=head.texts if head is not None else {},
                    alternatives=tuple(group),
                    place=(head or group[0]).place,
                    mark=next((each.mark for each in (*((head,) if head else ()), *group) if each.mark), ""),
                )
                if len(group) < 2:
                    message = f"is '{CONFLICTING}' with nothing; expected two rows or more, one below the other"
                    self.tell(X102, whole.place, message, field=field, case=case)
                found.append(with_common_when(whole))
            head, group = None, []

        for row in rows:
            status = row.plain("status").lower()
            item = self._item(row, field=field, case=case, known=known)
            if status and status != CONFLICTING:
                message = f"{shown(row.plain('status'))} is not '{CONFLICTING}' or blank"
                self.tell(X102, row.at("status"), message, field=field, case=case)
            elif status and "value" not in row.cells:
                close()
                head = item
            elif status:
                told = group[-1].texts.get("when") if group else None
                own = item.texts.get("when")
                is_of_another = bool(group and group[-1].mark and item.mark and group[-1].mark != item.mark)
                if head is None and (is_of_another or (told and own and plain_text(told) != plain_text(own))):
                    close()
                group.append(item)
            else:
                close()
                found.append(item)
        close()
        return found

    # --- Report ---

    def _report(self) -> tuple[dict[str, Item], dict[str, Item]]:
        labels = {label.lower(): name for name, label in REPORT_LABELS.items()}
        rows: dict[str, list[_Row]] = {}
        for row in self._rows(REPORT):
            said = row.plain("field")
            name = labels.get(said.lower(), "")
            if not name and row.has_content:
                hint = did_you_mean(said, list(REPORT_LABELS.values()))
                self.tell(X102, row.at("field"), f"{shown(said)} is no item of the report", hint=hint)
            elif not row.has_content:
                self._note_blank(row)
            elif name != "citation":
                rows.setdefault(name, []).append(row)
        facts: dict[str, Item] = {}
        counts: dict[str, Item] = {}
        for name, listed in rows.items():
            if name in COUNTS:
                items = self._items(listed, field=name, case="", known=None)
                self._only_one(items, name, "")
                counts |= {name: items[0]} if items and not items[0].is_blank else {}
            elif name in REPORT_FACTS:
                for row in listed[1:]:
                    message = f"stands here a second time, first in {listed[0].at('field').cell}; expected it once"
                    self.tell(X102, row.at("field"), message, field=name)
                for row in listed:
                    self._no_more_than_value(row, name, "")
                item = self._item(listed[0], field=name, case="", known=None, keys=("value",))
                facts |= {name: item} if not item.is_blank else {}
        return facts, counts

    def _no_more_than_value(self, row: _Row, name: str, case: str) -> None:
        for key in sorted(set(row.cells) & {*ITEM_KEYS, "status"} - {"value"}):
            message = f"{shown(row.plain(key))} stands beside '{name}', which is a value alone; expected it in the note"
            self.tell(X102, row.at(key), message, field=name, case=case)

    def _only_one(self, items: list[Item], name: str, case: str) -> None:
        for item in items[1:]:
            message = (
                f"a second value stands here, the first in {items[0].place.cell}; expected one, or '{CONFLICTING}' in the"
                " rows of both"
            )
            self.tell(X102, item.place, message, field=name, case=case)

    def _note_blank(self, row: _Row) -> None:
        mark = row.plain("mark")
        way, slash, _ = mark.partition("/")
        if mark and (not slash or way == row.plain("case")):  # not one that came with a copy of another case's row
            self.blanks[mark] = row.at("value" if "value" in row.columns else "drug")

    # --- Cases ---

    def _cases(self) -> dict[str, CaseContent]:
        rows: dict[str, dict[str, list[_Row]]] = {}
        labels = {
            **{label.lower(): [name] for name, label in CASE_LABELS.items()},
        }
        for row in self._rows(CASES):
            case, name = self._where(row, labels, is_course=False)
            if name:
                rows.setdefault(case, {}).setdefault(name, []).append(row)
        courses = self._courses()
        cases: dict[str, CaseContent] = {}
        for case in [*rows, *(case for case in courses if case not in rows)]:
            said = rows.get(case, {})
            first = next((listed[0] for listed in said.values()), None)
            place = first.at("case") if first is not None else next(iter(courses[case].values()))[0].place
            cases[case] = self._case(case, place, said, courses.get(case, {}))
        return cases

    def _case(
        self, case: str, place: Place, said: dict[str, list[_Row]], courses: dict[str, tuple[CourseItem, ...]]
    ) -> CaseContent:
        facts: dict[str, Item] = {}
        items: dict[str, tuple[Item, ...]] = {}
        lists = set()
        for name, listed in said.items():
            if name in CASE_FACTS:
                found = [self._item(row, field=name, case=case, known=None, keys=("value",)) for row in listed]
                self._only_one(found, name, case)
                for row in listed:
                    self._no_more_than_value(row, name, case)
                facts |= {name: found[0]} if not found[0].is_blank else {}
                continue
            known = self.form.fields[name]
            found = self._items(listed, field=name, case=case, known=known)
            found = [item for item in found if not item.is_blank]
            if not found:
                continue
            if known.type is FieldType.COURSES and name in courses:
                message = (
                    f"{shown(found[0].text)} stands here, and courses in sheet '{TREATMENTS}'; expected one of both"
                )
                self.tell(X102, found[0].place, message, field=name, case=case)
            only = found[0] if len(found) == 1 else None
            is_reason = only is not None and "when" not in only.texts and only.text.lower() in _REASON_TEXTS
            if known.series and not is_reason:
                lists.add(name)
            else:
                self._only_one(found, name, case)
            items[name] = tuple(found)
        return CaseContent(
            id=case,
            place=place,
            facts=facts,
            items={name: found for name, found in items.items() if name not in courses},
            courses=courses,
            lists=frozenset(lists),
        )

    def _where(self, row: _Row, labels: Mapping[str, list[str]], *, is_course: bool) -> tuple[str, str]:
        """Returns the case and the field that a row is of; a row that says nothing, or has no place, has no field."""
        said, case = row.plain("field"), row.plain("case")
        named = {
            **{key: list(names) for key, names in labels.items()},
        }
        for known in self.form.fields.values():
            if is_course and known.type is not FieldType.COURSES:
                continue
            named.setdefault(known.label.lower(), []).append(known.name)
            named.setdefault(known.name.lower(), []).append(known.name)
        names = list(dict.fromkeys(named.get(said.lower(), [])))
        if not row.has_content:
            self._note_blank(row)
            return case, ""
        place = row.at("field")
        own = row.plain("name")
        if not said and own in {*self.form.fields, *(CASE_LABELS if labels else ())}:
            names = [own]
        if len(names) > 1:
            names = [own] if own in names else names
        if not names:
            words = [known.label for known in self.form.fields.values()] + list(CASE_LABELS.values())
            told = f"{shown(said)} is no field of the form" if said else "the row does not say of which field it is"
            if is_course and said and said.lower() in {known.label.lower() for known in self.form.fields.values()}:
                told = f"{shown(said)} is a field without courses of treatment; expected its row in sheet '{CASES}'"
                words = []
            self.tell(X102, place, told, hint=did_you_mean(said, words) if said else "")
        elif len(names) > 1:
            self.tell(X102, place, f"{shown(said)} names several fields; expected {joined(names)}")
        cell = row.cells.get("case")
        if cell is None:
            self.tell(X102, row.at("case"), "the row does not say of which case it is; expected its number")
        elif cell.kept not in (Kept.TEXT, Kept.NUMBER):
            message = f"{shown(cell.text)} is kept as a {cell.kept}; expected the number of the case, as text"
            self.tell(X101, row.at("case"), message)
        elif len(names) == 1:
            return case, names[0]
        return case, ""

    # --- Treatments ---

    def _courses(self) -> dict[str, dict[str, tuple[CourseItem, ...]]]:
        if not any(known.type is FieldType.COURSES for known in self.form.fields.values()):
            return {}
        rows: dict[tuple[str, str], list[_Row]] = {}
        for row in self._rows(TREATMENTS):
            case, name = self._where(row, {}, is_course=True)
            if name:
                rows.setdefault((case, name), []).append(row)
        details = self._details()
        found: dict[str, dict[str, tuple[CourseItem, ...]]] = {}
        for (case, name), listed in rows.items():
            numbers: dict[str, _Row] = {}
            courses = []
            for row in listed:
                number = row.plain("course")
                if number in numbers:
                    message = (
                        f"course {number} stands here a second time, first in {numbers[number].at('course').cell};"
                        " expected another number, or none"
                    )
                    self.tell(X102, row.at("course"), message, field=name, case=case)
                elif number:
                    numbers[number] = row
                courses.append(self._course(row, name, case, details.pop((case, name, number), {}) if number else {}))
            found.setdefault(case, {})[name] = tuple(courses)
        for (case, name, number), parts in details.items():
            place = next(iter(parts.values())).place
            message = (
                f"there is no course {number or 'without a number'} in sheet '{TREATMENTS}'; expected its row there"
            )
            self.tell(X102, place, message, field=name, case=case)
        return found

    def _course(self, row: _Row, name: str, case: str, details: Mapping[str, Item]) -> CourseItem:
        texts: dict[str, Node] = {}
        for key in COURSE_TEXTS:
            node = self._node(row, key, field=name, case=case)
            if node is None:
                continue
            if key in details:
                if " ".join((node.text or "").split()) != details[key].text:
                    message = (
                        f"{shown(node.text)} stands here, and {shown(details[key].text)} in {details[key].place.cell};"
                        " expected the same in both, or a blank here"
                    )
                    self.tell(X102, node.place, message, field=name, case=case)
            else:
                texts[key] = node
        texts, parts = with_plain_parts(texts, details)
        return CourseItem(texts=texts, details=parts, place=row.place, mark=_own_mark(row, case, name))

    def _details(self) -> dict[tuple[str, str, str], dict[str, Item]]:
        rows: dict[tuple[str, str, str], dict[str, list[_Row]]] = {}
        for row in self._rows(DETAILS):
            case, name = self._where(row, {}, is_course=True)
            part = row.plain("part").lower()
            if not name:
                continue
            if part not in COURSE_PARTS:
                hint = did_you_mean(part, COURSE_PARTS)
                message = f"{shown(row.plain('part'))} is no part of a course; expected {joined(COURSE_PARTS)}"
                self.tell(X102, row.at("part"), message, field=name, case=case, hint=hint)
                continue
            rows.setdefault((case, name, row.plain("course")), {}).setdefault(part, []).append(row)
        found: dict[tuple[str, str, str], dict[str, Item]] = {}
        for at, parts in rows.items():
            for part, listed in parts.items():
                items = self._items(listed, field=at[1], case=at[0], known=None)
                self._only_one(items, f"{at[1]}.{part}", at[0])
                if items:
                    found.setdefault(at, {})[part] = items[0]
        return found

    # --- Questions ---

    def _with_questions(self, content: ReportContent) -> ReportContent:
        asked: dict[str, list[AskedItem]] = {}
        for row in self._rows(QUESTIONS):
            question = self._node(row, "question", field="question", case="")
            if question is None:
                if row.has_content:
                    message = "an answer stands here without its question; expected it"
                    self.tell(X102, row.at("question"), message, field="question")
                continue
            answer = self._node(row, "answer", field="answer", case="")
            item = Item(
                texts={"value": answer} if answer is not None else {},
                place=row.at("answer"),
                mark=_own_mark(row, row.plain("case"), "questions"),
            )
            if item.is_blank:
                self._note_blank(row)
            asked.setdefault(row.plain("case"), []).append(
                AskedItem(question=question, answer=item, place=row.at("question"))
            )
        cases = tuple(replace(case, questions=tuple(asked.pop(case.id, ()))) for case in content.cases)
        further = tuple(
            CaseContent(id=case, place=listed[0].place, questions=tuple(listed))
            for case, listed in asked.items()
            if case
        )
        return replace(content, questions=tuple(asked.get("", ())), cases=(*cases, *further))


def _own_mark(row: _Row, case: str, field: str) -> str:
    """Returns the mark of a row, but for one that came with a copy of a row of another case or field."""
    mark = row.plain("mark")
    way = mark.partition("#")[0].partition("[")[0]
    return mark if way in {f"{case}/{field}", *(() if case else (field,))} else ""


def _heading(text: str) -> str:
    return " ".join(text.split()).rstrip(":*").lower()
