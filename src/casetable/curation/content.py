"""What a report's file says, cell by cell as it was typed: what a spreadsheet or a browser shows of it and gives back.

Unlike `model.Report`, whose cells are read, converted and joined, an item here holds the texts of a cell under their
keys, each as a node with its place, so that what comes back can be held against what was there, text by text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from casetable.curation.nodes import Node
from casetable.model import COURSE_PARTS, FieldType, Form
from casetable.problems import Place

# The keys of a cell in the order in which they are written; a derived value stands under "value" here, beside its "from".
ITEM_KEYS = ("value", "unit", "when", "from", "reference", "reported", "where", "note")
# The keys of a course; of them COURSE_PARTS may be cells of their own.
COURSE_TEXTS = ("drug", "dose", "unit", "route", "schedule", "start", "stop", "count", "reported", "where", "note")
# The order in which a new key is put among those that are there, as groups (see `rewrite.Put`).
ITEM_ORDER = (("value", "derived", "conflicting", *ITEM_KEYS[1:]),)
COURSE_ORDER = (COURSE_TEXTS,)
REPORT_ORDER = (
    ("schema", "report", "access", "extracted", "cases_in_report", "eligible_cases", "note", "questions", "cases"),
)
CASE_FACTS = ("eligible", "reason", "note", "otherwise")
REPORT_FACTS = ("report", "access", "by", "when", "note")
COUNTS = ("cases_in_report", "eligible_cases")


def case_order(form: Form) -> tuple[tuple[str, ...], ...]:
    """Returns the order of the keys of a case: its own, then the fields in the groups of the form."""
    groups: dict[str, list[str]] = {}
    for known in form.fields.values():
        groups.setdefault(known.group, []).append(known.name)
    return (
        ("case", "eligible", "reason", "otherwise", "note", "questions", "timeline"),
        *map(tuple, groups.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One cell: its texts by key, or for a conflict the `alternatives`, with the texts that stand beside their list.

    `mark` says which cell of the file it was filled from, and what that held then; see `mark_of`.
    """

    texts: Mapping[str, Node] = field(default_factory=dict)
    alternatives: tuple[Item, ...] = ()
    place: Place
    mark: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.texts and not self.alternatives

    @property
    def is_plain(self) -> bool:
        """Whether it stands as a value alone, not as a mapping with keys."""
        return set(self.texts) == {"value"} and not self.alternatives and self.texts["value"].place == self.place

    @property
    def text(self) -> str:
        """Its value on one line, of a conflict all values; nothing where it has none."""
        if self.alternatives:
            return " / ".join(each.text for each in self.alternatives)
        return plain_text(self.texts["value"]) if "value" in self.texts else ""

    @property
    def content(self) -> object:
        """What it says, for comparison: blanks within a text do not count, as nobody reads them."""
        if not self.alternatives:
            return {key: plain_text(node) for key, node in sorted(self.texts.items())}
        settled = with_common_when(self)
        told = {key: plain_text(node) for key, node in sorted(settled.texts.items())}
        return [told, [each.content for each in settled.alternatives]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseItem:
    """One course of treatment: its texts by key, and those parts that are more than a text (`details`)."""

    texts: Mapping[str, Node] = field(default_factory=dict)
    details: Mapping[str, Item] = field(default_factory=dict)
    place: Place
    mark: str = ""

    @property
    def content(self) -> object:
        told: dict[str, object] = {key: plain_text(node) for key, node in sorted(self.texts.items())}
        return told | {key: item.content for key, item in sorted(self.details.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """A question to the curators, and its answer, which may be blank."""

    question: Node
    answer: Item
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContent:
    """One case. `lists` names the fields whose items stand in a list, as repeated cells do; `kept` is what else its file
    holds, as a timeline, which no sheet shows."""

    id: str
    place: Place
    facts: Mapping[str, Item] = field(default_factory=dict)
    questions: tuple[AskedItem, ...] = ()
    items: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    courses: Mapping[str, tuple[CourseItem, ...]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    kept: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """One report. `is_signed_below` says that `by` and `when` stand, if only blank, in a mapping that is there."""

    place: Place
    facts: Mapping[str, Item] = field(default_factory=dict)
    counts: Mapping[str, Item] = field(default_factory=dict)
    questions: tuple[AskedItem, ...] = ()
    cases: tuple[CaseContent, ...] = ()
    is_signed_below: bool = False

    def case(self, id_: str) -> CaseContent | None:
        return next((case for case in self.cases if case.id == id_), None)


def plain_text(node: Node) -> str:
    """Returns a node's text on one line; of a list of choices all of them, as a cell of a sheet shows them."""
    if node.items is None:
        return " ".join((node.text or "").split())
    return joined_choices([" ".join((item.text or "").split()) for item in node.items])


def joined_choices(choices: list[str]) -> str:
    """Returns several choices in one text, which `split_choices` takes apart again."""
    return ("\n" if any(";" in choice for choice in choices) else "; ").join(choices)


def split_choices(text: str, known: Mapping[str, object]) -> list[str]:
    """Returns the choices in a text: as a whole one that is known, else what stands on lines, else between semicolons."""
    if " ".join(text.split()) in known:
        return [text]
    parts = text.split("\n") if "\n" in text.strip() else text.split(";")
    return [part.strip() for part in parts if part.strip()]


def with_common_when(item: Item) -> Item:
    """Returns a conflict with `when` beside its alternatives where all of them say the same, and nothing stands there."""
    whens = {plain_text(each.texts["when"]) if "when" in each.texts else "" for each in item.alternatives}
    if item.texts or len(whens) != 1 or whens == {""}:
        return item
    alternatives = tuple(
        replace(each, texts={key: node for key, node in each.texts.items() if key != "when"})
        for each in item.alternatives
    )
    return replace(item, texts={"when": item.alternatives[0].texts["when"]}, alternatives=alternatives)


def with_plain_parts(texts: Mapping[str, Node], details: Mapping[str, Item]) -> tuple[dict[str, Node], dict[str, Item]]:
    """Returns a course's texts and details with those details that are a value alone among the texts."""
    plain = {key: item.texts["value"] for key, item in details.items() if set(item.texts) == {"value"}}
    plain = {key: node for key, node in plain.items() if not details[key].alternatives}
    return {**texts, **plain}, {key: item for key, item in details.items() if key not in plain}


def mark_of(path: str, content: object) -> str:
    """Returns the mark of a cell: where it stands in its file, and a hash of what it says."""
    told = json.dumps(content, ensure_ascii=True, sort_keys=True)
    return f"{path}#{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def cells_of(file: ReportContent) -> Iterator[tuple[str, str, Item | CourseItem]]:
    """Yields all that a report says with its case ("" for the report itself) and field."""
    for name, item in (*file.facts.items(), *file.counts.items()):
        yield "", name, item
    yield from (("", "questions", asked.answer) for asked in file.questions)
    for case in file.cases:
        yield from cells_of_case(case)


def cells_of_case(case: CaseContent) -> Iterator[tuple[str, str, Item | CourseItem]]:
    """Yields all that a case says with its field."""
    yield from ((case.id, name, item) for name, item in case.facts.items())
    yield from ((case.id, name, item) for name, items in case.items.items() for item in items)
    yield from ((case.id, name, course) for name, courses in case.courses.items() for course in courses)
    yield from ((case.id, "questions", asked.answer) for asked in case.questions)


# --- from nodes -------------------------------------------------------------------------------------------------------


def content_of(root: Node, form: Form) -> ReportContent:
    """Returns what the nodes of a report's file say; the file has no fault of shape, and no malformed cell."""
    pairs = root.pairs or {}
    extracted = _below(root, "extracted")
    facts = {key: _item(node, key) for key in ("report", "access", "note") if (node := _filled(pairs.get(key)))}
    facts |= {key: _item(node, key) for key in ("by", "when") if (node := _filled((extracted.pairs or {}).get(key)))}
    return ReportContent(
        place=root.place,
        facts={key: facts[key] for key in REPORT_FACTS if key in facts},
        counts={key: _item(node, key) for key in COUNTS if (node := _filled(pairs.get(key))) is not None},
        questions=_questions(root, ""),
        cases=tuple(_case(node, form) for node in _below(root, "cases").items or ()),
        is_signed_below=extracted.pairs is not None,
    )


def _case(node: Node, form: Form) -> CaseContent:
    pairs = node.pairs or {}
    id_ = (_below(node, "case").text or "").strip()
    items: dict[str, tuple[Item, ...]] = {}
    courses: dict[str, tuple[CourseItem, ...]] = {}
    lists = set()
    for name, known in form.fields.items():
        below = _filled(pairs.get(name))
        if below is None:
            continue
        way = f"{id_}/{name}"
        is_list = below.items is not None and known.type is not FieldType.CHOICES
        if known.type is FieldType.COURSES and below.items is not None:
            courses[name] = tuple(_course(each, f"{way}[{at}]") for at, each in enumerate(below.items))
        elif below.items is not None and (known.series or is_list):
            items[name] = tuple(_item(each, f"{way}[{at}]") for at, each in enumerate(below.items))
            lists.add(name)
        else:
            items[name] = (_item(below, way),)
    return CaseContent(
        id=id_,
        place=node.place,
        facts={key: _item(found, f"{id_}/{key}") for key in CASE_FACTS if (found := _filled(pairs.get(key)))},
        questions=_questions(node, id_),
        items=items,
        courses=courses,
        lists=frozenset(lists),
        kept={
            key: found
            for key, below in pairs.items()
            if key not in {"case", "questions", *CASE_FACTS, *form.fields} and (found := _filled(below))
        },
    )


def _item(node: Node, way: str) -> Item:
    if node.pairs is None:
        item = Item(texts={} if node.is_blank else {"value": node}, place=node.place)
    else:
        texts = {key: found for key in ITEM_KEYS if (found := _filled(node.pairs.get(key))) is not None}
        if (derived := _filled(node.pairs.get("derived"))) is not None:
            texts["value"] = derived
        listed = node.pairs.get("conflicting")
        alternatives = tuple(_item(each, "") for each in (listed.items or ())) if listed is not None else ()
        item = Item(texts=texts, alternatives=alternatives, place=node.place)
    mark = mark_of(way, item.content) if way else ""
    return Item(texts=item.texts, alternatives=item.alternatives, place=item.place, mark=mark)


def _course(node: Node, way: str) -> CourseItem:
    texts: dict[str, Node] = {}
    details: dict[str, Item] = {}
    for key in COURSE_TEXTS:
        below = _filled((node.pairs or {}).get(key))
        if below is not None and key in COURSE_PARTS and below.pairs is not None:
            details[key] = _item(below, "")
        elif below is not None:
            texts[key] = below
    texts, details = with_plain_parts(texts, details)
    course = CourseItem(texts=texts, details=details, place=node.place)
    return CourseItem(texts=texts, details=details, place=node.place, mark=mark_of(way, course.content))


def _questions(node: Node, case: str) -> tuple[AskedItem, ...]:
    return tuple(
        AskedItem(
            question=each.at("question"),
            answer=_item(_below(each, "answer"), f"{case}/questions[{at}]"),
            place=each.place,
        )
        for at, each in enumerate(_below(node, "questions").items or ())
    )


def _below(node: Node, key: str) -> Node:
    return (node.pairs or {}).get(key) or Node(place=node.place)


def _filled(node: Node | None) -> Node | None:
    return None if node is None or node.is_blank else node


# --- to nodes ---------------------------------------------------------------------------------------------------------


def item_node(item: Item) -> Node:
    """Returns a cell as the reader of YAML would have found it: a plain value where there is nothing beside it."""
    if not item.alternatives and set(item.texts) == {"value"}:
        return item.texts["value"]
    pairs: dict[str, Node] = {}
    for key, node in item.texts.items():
        pairs["derived" if key == "value" and "from" in item.texts and not item.alternatives else key] = node
    if item.alternatives:
        listed = [item_node(each) for each in item.alternatives]
        pairs = {"conflicting": Node(place=item.alternatives[0].place, items=listed), **pairs}
    return _mapping(item.place, pairs)


def course_node(course: CourseItem) -> Node:
    """Returns a course as the reader of YAML would have found it."""
    found = {**course.texts, **{key: item_node(item) for key, item in course.details.items()}}
    return _mapping(course.place, {key: found[key] for key in COURSE_TEXTS if key in found})


def report_node(content: ReportContent, form: Form) -> Node:
    """Returns a report as the reader of YAML would have found it."""
    facts = {key: item.texts["value"] for key, item in content.facts.items()}
    pairs: dict[str, Node] = {"schema": Node(place=content.place, text="1")}
    pairs |= {key: facts[key] for key in ("report", "access") if key in facts}
    extracted: dict[str, Node] = {key: facts[key] for key in ("by", "when") if key in facts}
    if extracted:
        pairs["extracted"] = _mapping(content.place, extracted)
    pairs |= {key: item_node(item) for key, item in content.counts.items()}
    pairs |= {"note": facts["note"]} if "note" in facts else {}
    if content.questions:
        pairs["questions"] = _asked_node(content.questions)
    cases = [case_node(case, form) for case in content.cases]
    pairs["cases"] = Node(place=content.place, items=cases)
    return _mapping(content.place, pairs)


def case_node(case: CaseContent, form: Form) -> Node:
    """Returns a case as the reader of YAML would have found it, its fields in the form's order."""
    pairs = {"case": Node(place=case.place, text=case.id)}
    pairs |= {key: item.texts["value"] for key, item in case.facts.items()}
    if case.questions:
        pairs["questions"] = _asked_node(case.questions)
    pairs |= case.kept
    pairs |= dict(field_nodes(case, form))
    return _mapping(case.place, pairs)


def field_nodes(case: CaseContent, form: Form) -> Iterator[tuple[str, Node]]:
    """Yields the fields of a case that say something, each with its node, in the form's order."""
    for name in form.fields:
        if name in case.courses:
            courses = case.courses[name]
            yield name, Node(place=courses[0].place, items=[course_node(course) for course in courses])
        elif items := case.items.get(name):
            if name in case.lists:
                yield name, Node(place=items[0].place, items=[item_node(item) for item in items])
            else:
                yield name, item_node(items[0])


def _asked_node(questions: tuple[AskedItem, ...]) -> Node:
    return Node(
        place=questions[0].place,
        items=[
            _mapping(
                asked.place,
                {"question": asked.question} | ({} if asked.answer.is_blank else {"answer": item_node(asked.answer)}),
            )
            for asked in questions
        ],
    )


def _mapping(place: Place, pairs: dict[str, Node]) -> Node:
    return Node(place=place, pairs=pairs, key_places={key: node.place for key, node in pairs.items()})
