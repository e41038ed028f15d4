"""Brings what a person filled in together with what an extraction's file says: which edits the file needs, and what speaks
against them.

A blank never deletes. A value of the file gives way only where it is what the person was shown (its mark says so), or where
the person asks for it. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from casetable.curation.content import (
    CASE_FACTS,
    COUNTS,
    COURSE_ORDER,
    COURSE_TEXTS,
    ITEM_KEYS,
    ITEM_ORDER,
    REPORT_FACTS,
    REPORT_ORDER,
    AskedItem,
    CaseContent,
    CourseItem,
    Item,
    ReportContent,
    case_node,
    case_order,
    cells_of,
    cells_of_case,
    course_node,
    item_node,
    mark_of,
    plain_text,
)
from casetable.curation.nodes import Node
from casetable.curation.rewrite import Edit, Insert, Plain, Put, Rename, Way
from casetable.curation.sheet_reading import X101, X102, X103, X104, SheetContent
from casetable.model import COURSE_PARTS, Form
from casetable.problems import Place, Problem, Rule, shown

T = TypeVar("T", Item, CourseItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a file is to say, the edits that make it say so, and every fault and remark on the way."""

    content: ReportContent
    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]


def merge(
    file: ReportContent, filled: SheetContent, form: Form, *, is_replacing: bool = False, is_new: bool = False
) -> Merged:
    """Returns the file's content with what was filled in.

    With `is_replacing` the sheet wins wherever a person changed it; with `is_new` the file is one that nobody has filled in
    yet, and all that the sheet says goes into it, whatever other file it was filled from.
    """
    return _Merge(form, filled, is_replacing=is_replacing or is_new, is_new=is_new).report(file, filled.content)


class _Merge:
    def __init__(self, form: Form, filled: SheetContent, *, is_replacing: bool, is_new: bool) -> None:
        self.form, self.filled, self.is_replacing, self.is_new = form, filled, is_replacing, is_new
        self.edits: list[Edit] = []
        self.problems: list[Problem] = []
        self.taken: set[str] = set()
        # Rows with a cell that is not what was typed: that is told, and not that it is blank.
        self.spoiled = {
            (problem.place.sheet, problem.place.line) for problem in filled.problems if problem.code == X101.code
        }
        self.case = ""
        self.field = ""

    def tell(self, rule: Rule, place: Place, message: str, hint: str = "") -> None:
        lead = f"case {self.case}: " if self.case else ""
        self.problems.append(rule.at(place, lead + message, field=self.field, hint=hint))

    # --- the report ---

    def report(self, file: ReportContent, sheet: ReportContent) -> Merged:
        facts = dict(file.facts)
        extracted: dict[str, str] = {}
        for name, item in sheet.facts.items():
            self.field = name
            if name == "report":
                continue  # it is what the file was found by; it may be another key of the same report
            way: Way = ("extracted", name) if name in {"by", "when"} else (name,)
            merged = self.item(way, file.facts.get(name), item, order=REPORT_ORDER, is_put=len(way) == 1)
            if len(way) == 2 and merged is not file.facts.get(name):
                extracted[name] = merged.texts["value"].text or ""
            facts[name] = merged
        if extracted:
            if file.is_signed_below:
                order = (("by", "when"),)
                self.edits += [Put(way=("extracted", key), value=text, order=order) for key, text in extracted.items()]
            else:
                self.edits.append(Put(way=("extracted",), value={**extracted}, order=REPORT_ORDER))
        counts = dict(file.counts)
        for name, item in sheet.counts.items():
            self.field = name
            counts[name] = self.item((name,), file.counts.get(name), item, order=REPORT_ORDER)
        self.field = "questions"
        questions = self.questions(("questions",), file.questions, sheet.questions, REPORT_ORDER)
        cases = self.cases(file, sheet)
        self.case = ""
        content = replace(
            file,
            facts={name: facts[name] for name in REPORT_FACTS if name in facts},
            counts={name: counts[name] for name in COUNTS if name in counts},
            questions=questions,
            cases=cases,
        )
        self.remark_blanks(file)
        return Merged(content=content, edits=tuple(self.edits), problems=tuple(self.problems))

    def cases(self, file: ReportContent, sheet: ReportContent) -> tuple[CaseContent, ...]:
        ids = [case.id for case in file.cases]
        found = list(file.cases)
        for case in sheet.cases:
            self.case, self.field = case.id, ""
            if case.id in ids:
                at = ids.index(case.id)
                found[at] = self.with_case(at, file.cases[at], case)
            elif (case.facts or case.items or case.courses or case.questions) and self._is_new_case(case):
                found.append(case)
                value = case_node(case, self.form).plain()
                self.edits.append(Insert(way=("cases",), at=len(ids), value=_plain(value)))
        return tuple(found)

    def _is_new_case(self, case: CaseContent) -> bool:
        marked = [each for _, _, each in cells_of_case(case) if each.mark]
        if marked and not self.is_replacing:
            message = "the file has no such case any more; expected its rows to be deleted"
            self.tell(X103, case.place, message, hint="--replace writes the sheet's")
            return False
        return True

    def with_case(self, at: int, file: CaseContent, sheet: CaseContent) -> CaseContent:
        way: Way = ("cases", at)
        order = case_order(self.form)
        facts = dict(file.facts)
        for name, item in sheet.facts.items():
            self.field = name
            facts[name] = self.item((*way, name), file.facts.get(name), item, order=order)
        self.field = "questions"
        questions = self.questions((*way, "questions"), file.questions, sheet.questions, order)
        items, courses, lists = dict(file.items), dict(file.courses), set(file.lists)
        for name in self.form.fields:
            self.field = name
            if name in sheet.courses:
                merged = self.courses((*way, name), file, name, sheet.courses[name], order)
                courses[name] = merged
                items.pop(name, None)
            elif name in sheet.items and any(map(self._is_changed, sheet.items[name])):
                found = self.items((*way, name), file, sheet, name, order)
                if found:
                    items[name] = found
                if found and name in sheet.lists:
                    lists.add(name)
        return CaseContent(
            id=file.id,
            place=file.place,
            facts={name: facts[name] for name in CASE_FACTS if name in facts},
            questions=questions,
            items={name: items[name] for name in self.form.fields if name in items},
            courses={name: courses[name] for name in self.form.fields if name in courses},
            lists=frozenset(lists),
            kept=file.kept,
        )

    def items(
        self, way: Way, file: CaseContent, sheet: CaseContent, name: str, order: tuple[tuple[str, ...], ...]
    ) -> tuple[Item, ...]:
        """Returns the cells of a field; none where what the sheet says cannot stand beside what the file says."""
        rows, there = sheet.items[name], file.items.get(name, ())
        if name in file.courses or (name in file.lists and name not in sheet.lists):
            held, first = (
                ("courses of treatment", file.courses[name][0].place)
                if name in file.courses
                else ("values over time", there[0].place)
            )
            message = f"{shown(rows[0].text)} stands here, and the file holds {held}; expected none"
            self.tell(X102, rows[0].place, message, hint=f"to take them out, edit {first}")
            return ()
        if name not in sheet.lists:
            return (self.item(way, there[0] if there else None, rows[0], order=order),)
        if name in file.lists:
            return self.series(way, there, rows)
        if there and not self._is_taken(there[0]) and not self._may_replace(there[0], _marked_row(rows)):
            return ()
        value = [_plain(item_node(each).plain()) for each in rows]
        self.edits.append(Put(way=way, value=list(value), order=order))
        return rows

    def _is_taken(self, reason: Item) -> bool:
        """Whether the sheet was filled with this reason and its row is blank now, as what it spoke of is there."""
        if reason.mark not in self.filled.blanks:
            return False
        self.taken.add(reason.mark)
        return True

    # --- one cell ---

    def item(
        self,
        way: Way,
        file: Item | None,
        sheet: Item,
        *,
        order: tuple[tuple[str, ...], ...] = (),
        is_put: bool = True,
        is_judged: bool = False,
    ) -> Item:
        """Returns a cell of the file with what the sheet says of it; `is_judged` where the mark was looked at before."""
        if file is None or file.is_blank:
            if is_put:
                self.edits.append(Put(way=way, value=_plain(item_node(sheet).plain()), order=order))
            return sheet
        if sheet.content == file.content or (not is_judged and not self._is_changed(sheet)):
            return file
        if bool(file.alternatives) and not sheet.alternatives:
            message = (
                f"{shown(sheet.text)} stands here, and the file holds {len(file.alternatives)} statements that contradict each"
                f" other; expected them all; to settle it, edit {file.place}"
            )
            self.tell(X102, sheet.place, message)
            return file
        merged = _united(file, sheet)
        if merged.content == file.content:
            self._remark_parts(file, sheet)
            return file
        if not is_judged and not self._may_replace(file, sheet):
            return file
        self._remark_parts(file, sheet)
        if is_put:
            self._edit_item(way, file, merged)
        return merged

    def _is_changed(self, sheet: Item | CourseItem) -> bool:
        """Whether a person changed what a row was filled with."""
        return self.is_new or not sheet.mark or not sheet.mark.endswith(mark_of("", sheet.content))

    def _may_replace(self, file: Item | CourseItem, sheet: Item | CourseItem) -> bool:
        """Whether the file still says what the row was filled with, or the person asks for it; else tells both."""
        if self.is_replacing or (sheet.mark and sheet.mark.endswith(mark_of("", file.content))):
            return True
        own, there = _told(sheet), _told(file)
        if sheet.mark:
            message = f"{own} stands here, and the file says {there}, which it did not when the sheet was written"
        else:
            message = f"{own} stands here, and the file says {there}; the row does not tell what it was filled with"
        self.tell(X103, sheet.place, f"{message}; expected the file's", hint="--replace writes the sheet's")
        return False

    def _remark_parts(self, file: Item | CourseItem, sheet: Item | CourseItem) -> None:
        is_united = isinstance(sheet, Item) and isinstance(file, Item) and sheet.alternatives and not file.alternatives
        if file.content == sheet.content or is_united or (sheet.place.sheet, sheet.place.line) in self.spoiled:
            return
        for key, node in file.texts.items():
            if key not in sheet.texts and key not in self.filled.absent and key not in getattr(sheet, "details", ()):
                told = "" if key == "value" else f"'{key}' "
                self.tell(X104, sheet.place, f"{told}is blank; the file's {shown(plain_text(node))} stays")

    def _edit_item(self, way: Way, file: Item, merged: Item) -> None:
        if file.alternatives and merged.alternatives:
            for key, node in merged.texts.items():
                if plain_text(node) != _text_of(file, key):
                    self.edits.append(Put(way=(*way, key), value=_plain(node.plain()), order=ITEM_ORDER))
            listed: Way = (*way, "conflicting")
            for at, each in enumerate(merged.alternatives):
                if at < len(file.alternatives):
                    if each.content != file.alternatives[at].content:
                        self._edit_item((*listed, at), file.alternatives[at], each)
                else:
                    value = _plain(item_node(each).plain())
                    self.edits.append(Insert(way=listed, at=len(file.alternatives), value=value))
            return
        if merged.alternatives or (file.is_plain and set(merged.texts) != {"value"}):
            self.edits.append(Put(way=way, value=_plain(item_node(merged).plain())))
            return
        if file.is_plain:
            self.edits.append(Put(way=way, value=_plain(merged.texts["value"].plain())))
            return
        is_derived = "from" in file.texts
        for key in ITEM_KEYS:
            own = merged.texts.get(key)
            if own is None or plain_text(own) == _text_of(file, key):
                continue
            name = "derived" if key == "value" and is_derived else key
            self.edits.append(Put(way=(*way, name), value=_plain(own.plain()), order=ITEM_ORDER))
        if "from" in merged.texts and not is_derived and "value" in file.texts:
            self.edits.append(Rename(way=(*way, "value"), to="derived"))

    # --- lists ---

    def series(self, way: Way, file: tuple[Item, ...], sheet: tuple[Item, ...]) -> tuple[Item, ...]:
        pairs = self._paired(file, sheet)
        found = [
            file[at] if (row := _row_of(pairs, at)) is None else self.item((*way, at), file[at], sheet[row])
            for at in range(len(file))
        ]
        return self._with_new(way, found, sheet, pairs, item_node)

    def courses(
        self,
        way: Way,
        case: CaseContent,
        name: str,
        sheet: tuple[CourseItem, ...],
        order: tuple[tuple[str, ...], ...],
    ) -> tuple[CourseItem, ...]:
        file = case.courses.get(name, ())
        if not file:
            reason = case.items.get(name, ())
            if reason and not self._is_taken(reason[0]) and not self.is_replacing:
                message = (
                    f"courses stand here, and the file says {shown(reason[0].text)}; expected a blank in sheet 'Cases'"
                )
                self.tell(X103, sheet[0].place, message, hint="--replace writes the sheet's")
            value = [_plain(course_node(each).plain()) for each in sheet]
            self.edits.append(Put(way=way, value=list(value), order=order))
            return sheet
        pairs = self._paired(file, sheet)
        found = [
            file[at] if (row := _row_of(pairs, at)) is None else self.course((*way, at), file[at], sheet[row])
            for at in range(len(file))
        ]
        return self._with_new(way, found, sheet, pairs, course_node)

    def course(self, way: Way, file: CourseItem, sheet: CourseItem) -> CourseItem:
        if sheet.content == file.content or not self._is_changed(sheet):
            return file
        texts = {key: sheet.texts.get(key) or file.texts.get(key) for key in COURSE_TEXTS}
        details = {key: file.details[key] for key in COURSE_PARTS if key in file.details}
        details |= {key: _united(file.details[key], sheet.details[key]) for key in file.details if key in sheet.details}
        details |= {key: item for key, item in sheet.details.items() if key not in file.details}
        for key, typed in sheet.texts.items():
            if key in file.details:  # its row among the details is gone, and the value was typed here alone
                kept = file.details[key]
                details[key] = (
                    _united(kept, Item(texts={"value": typed}, place=typed.place)) if not kept.alternatives else kept
                )
                if kept.alternatives and kept.text != plain_text(typed):
                    message = f"{shown(plain_text(typed))} stands here, and the file holds statements that contradict each other"
                    self.tell(X102, typed.place, f"{message}; expected them all in sheet 'Treatment details'")
                    return file
        kept_texts = {key: node for key, node in texts.items() if node is not None and key not in details}
        merged = CourseItem(texts=kept_texts, details=details, place=file.place)
        if merged.content == file.content:
            self._remark_parts(file, sheet)
            return file
        if not self._may_replace(file, sheet):
            return file
        self._remark_parts(file, sheet)
        for key, told in merged.texts.items():
            if key not in file.texts or plain_text(told) != plain_text(file.texts[key]):
                self.edits.append(Put(way=(*way, key), value=_plain(told.plain()), order=COURSE_ORDER))
        for key, item in merged.details.items():
            if key not in file.details:
                self.edits.append(Put(way=(*way, key), value=_plain(item_node(item).plain()), order=COURSE_ORDER))
            elif item.content != file.details[key].content:
                self._edit_item((*way, key), file.details[key], item)
        return merged

    def _paired(
        self, file: tuple[Item, ...] | tuple[CourseItem, ...], sheet: Iterable[Item | CourseItem]
    ) -> dict[int, int]:
        """Returns which cell of the file each row of the sheet is about, by their numbers; a row that is new has none.

        By the marks first, then by what they say, then, where the sheet has no marks, by `when`, and by their order where
        there are as many rows as cells.
        """
        rows = list(sheet)
        pairs: dict[int, int] = {}
        left = set(range(len(file)))

        def pair(row: int, at: int) -> None:
            pairs[row] = at
            left.discard(at)

        hashes = [each.mark.partition("#")[2] for each in file]
        for is_same in (True, False):  # a row that is as it was filled before a copy of it that was changed
            for row, each in enumerate(rows):
                if row in pairs or not each.mark or self._is_changed(each) == is_same:
                    continue
                path, _, told = each.mark.partition("#")
                at = next((at for at in sorted(left) if file[at].mark == each.mark), None)
                at = next((a for a in sorted(left) if hashes[a] == told), None) if at is None else at
                at = next((a for a in sorted(left) if file[a].mark.startswith(f"{path}#")), None) if at is None else at
                if at is not None:
                    pair(row, at)
        for row, each in enumerate(rows):
            same = next((at for at in sorted(left) if file[at].content == each.content), None)
            if row not in pairs and same is not None:
                pair(row, same)
        unmarked = [row for row, each in enumerate(rows) if row not in pairs and not each.mark]
        if unmarked and not any(each.mark for each in rows):
            for row in unmarked:
                when = _when(rows[row])
                alike = [at for at in sorted(left) if when and _when(file[at]) == when]
                if len(alike) == 1:
                    pair(row, alike[0])
            unmarked = [row for row in unmarked if row not in pairs]
            if len(unmarked) == len(left):
                for row, at in zip(unmarked, sorted(left), strict=True):
                    pair(row, at)
        return pairs

    def _with_new(
        self, way: Way, found: list[T], sheet: tuple[T, ...], pairs: Mapping[int, int], node_of: Callable[[T], Node]
    ) -> tuple[T, ...]:
        """Returns the file's cells with the new rows among them, each behind the cell that the row above it is about."""
        placed: list[tuple[int, T]] = []
        before = 0
        for row, each in enumerate(sheet):
            if row in pairs:
                before = pairs[row] + 1
                continue
            if each.mark and not self._is_new(each, sheet):
                continue
            at = before if before or pairs else len(found)
            placed.append((at, each))
            self.edits.append(Insert(way=way, at=at, value=_plain(node_of(each).plain())))
        merged: list[T] = []
        for at in range(len(found) + 1):
            merged += [new for place, new in placed if place == at]
            merged += found[at : at + 1]
        return tuple(merged)

    def _is_new(self, row: Item | CourseItem, rows: Iterable[Item | CourseItem]) -> bool:
        """Whether a marked row without its cell in the file is to be added: a changed copy of another row, or asked for."""
        if sum(1 for each in rows if each.mark == row.mark) > 1 and self._is_changed(row):
            return True
        if self.is_replacing:
            return True
        message = f"{_told(row)} stands here, and is not in the file any more"
        if self._is_changed(row):
            self.tell(X103, row.place, f"{message}; expected none", hint="--replace writes the sheet's")
        else:
            self.tell(X104, row.place, f"{message}; it is not put back")
        return False

    # --- questions, blanks ---

    def questions(
        self, way: Way, file: tuple[AskedItem, ...], sheet: tuple[AskedItem, ...], order: tuple[tuple[str, ...], ...]
    ) -> tuple[AskedItem, ...]:
        found = list(file)
        asked = [plain_text(each.question) for each in file]
        for each in sheet:
            text = plain_text(each.question)
            if text in asked:
                at = asked.index(text)
                if not each.answer.is_blank:
                    answer = self.item((*way, at, "answer"), file[at].answer, each.answer)
                    found[at] = replace(file[at], answer=answer)
                continue
            value: dict[str, Plain] = {"question": each.question.text or ""}
            value |= {} if each.answer.is_blank else {"answer": each.answer.texts["value"].text or ""}
            found.append(each)
            if file:
                self.edits.append(Insert(way=way, at=len(file), value=value))
            else:
                self._put_first(way, value, order)
        return tuple(found)

    def _put_first(self, way: Way, value: Plain, order: tuple[tuple[str, ...], ...]) -> None:
        """Adds to a list that the file does not have yet."""
        for at, edit in enumerate(self.edits):
            if isinstance(edit, Put) and edit.way == way and isinstance(edit.value, list):
                self.edits[at] = replace(edit, value=[*edit.value, value])
                return
        self.edits.append(Put(way=way, value=[value], order=order))

    def remark_blanks(self, file: ReportContent) -> None:
        """Tells of every cell that the sheet was filled with and that is blank there now."""
        for case, name, each in cells_of(file):
            place = self.filled.blanks.get(each.mark)
            is_there = each.mark not in self.taken and not (isinstance(each, Item) and each.is_blank)
            if place is not None and is_there and (place.sheet, place.line) not in self.spoiled:
                self.case, self.field = case, name
                told = _told(each)
                self.tell(X104, place, f"is blank; the file's {told} stays")


def _marked_row(rows: tuple[Item, ...]) -> Item:
    return next((each for each in rows if each.mark), rows[0])


def _row_of(pairs: Mapping[int, int], at: int) -> int | None:
    return next((row for row, cell in pairs.items() if cell == at), None)


def _united(file: Item, sheet: Item) -> Item:
    """Returns a cell with the sheet's texts, and the file's where the sheet has none."""
    if sheet.alternatives and file.alternatives:
        rows = list(sheet.alternatives)
        found: list[Item] = []
        for each in file.alternatives:
            own = next((row for row in rows if row.content == each.content), None)
            own = own or next((row for row in rows if row.text == each.text), None)
            if own is None and len(rows) == len(file.alternatives) - len(found):
                own = rows[0]
            if own is not None:
                rows.remove(own)
            found.append(each if own is None else _united(each, own))
        return replace(file, texts={**file.texts, **sheet.texts}, alternatives=(*found, *rows))
    if sheet.alternatives:
        own = next((row for row in sheet.alternatives if row.text == file.text), sheet.alternatives[0])
        shared = {key: node for key, node in file.texts.items() if key not in sheet.texts}
        united = tuple(replace(row, texts={**shared, **row.texts}) if row is own else row for row in sheet.alternatives)
        return replace(sheet, alternatives=united)
    return replace(file, texts={**file.texts, **sheet.texts}, place=file.place)


def _text_of(item: Item, key: str) -> str:
    return plain_text(item.texts[key]) if key in item.texts else ""


def _when(item: Item | CourseItem) -> str:
    node = item.texts.get("when") or item.texts.get("drug")
    return plain_text(node).lower() if node is not None else ""


def _told(item: Item | CourseItem) -> str:
    """Returns what a cell says, for a message: its value, and where that is not enough all of it."""
    if isinstance(item, Item):
        more = [f"{key} {plain_text(node)}" for key, node in item.texts.items() if key not in {"value", "where"}]
        return shown("; ".join([item.text, *more]) if more and not item.alternatives else item.text)
    return shown("; ".join(str(value) for value in _values(item)))


def _values(course: CourseItem) -> Iterable[str]:
    for key in COURSE_PARTS:
        if key in course.texts:
            yield plain_text(course.texts[key])
        elif key in course.details:
            yield course.details[key].text


def _plain(value: object) -> Plain:
    """Returns plain values without those that are blank, which nobody typed."""
    if isinstance(value, dict):
        return {str(key): _plain(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_plain(below) for below in value if below is not None]
    return str(value)
