"""Extractions as people write them: block and flow, quotes of every kind, comments wherever YAML lets one stand.

All is drawn from one `random.Random`, so that a seed tells the same file again.
"""

from __future__ import annotations

import codecs
import json
import re
from random import Random
from typing import Any

import yaml

ORDER = (
    ("case", "eligible", "note", "questions", "timeline"),
    ("age", "sex"),
    ("skin", "ferritin"),
    ("drugs", "signs"),
)
FIELDS = [name for group in ORDER[1:] for name in group]
WORDS = ["rash", "ulcers", "3", "1271.4", "not reported", "day 1", "day 2", "ng/ml", "Case presentation", "no", "ü μg"]
ODD = [
    "a # b",
    "x: y",
    "- dash",
    "it's",
    '"said"',
    "{curly}",
    "[1]",
    "a, b",
    "1:30",
    "*star",
    "100 %",
    "#no",
    "~ 3",
    "tail:",
]
LONG = "a text of some length, that goes on and on; an editor would fold it, as it does not fit into a line of a file"
CELL = ("value", "unit", "when", "reference", "reported", "where", "note")
COURSE = ("drug", "dose", "unit", "route", "schedule", "start", "stop", "reported", "where", "note")


def one_of(chance: Random, *odds: tuple[float, Any]) -> Any:
    return chance.choices([what for _, what in odds], [weight for weight, _ in odds])[0]


# --- what a field says --------------------------------------------------------------------------------------------------


def text(chance: Random) -> str:
    kind = one_of(chance, (6, "word"), (2, "odd"), (1, "long"), (1, "two"))
    if kind == "long":
        return f"{chance.choice(WORDS)} {LONG}{chance.choice(['', ': as said', '. ' + LONG])}"
    if kind == "two":
        return f"{chance.choice(WORDS)} {chance.choice(WORDS)}"
    return chance.choice(WORDS if kind == "word" else ODD)


def mapping(chance: Random, first: tuple[str, ...], keys: tuple[str, ...]) -> dict[str, Any]:
    most = chance.choice([0, 1, 2, 5])
    chosen = {*first, *chance.sample(keys, min(most, len(keys)))}
    made = {key: text(chance) for key in [*first, *keys] if key in chosen}
    if chance.random() < 0.1:
        items = list(made.items())
        chance.shuffle(items)
        made = dict(items)
    return made


def cell(chance: Random) -> Any:
    kind = one_of(chance, (2, "plain"), (6, "cell"), (1, "derived"), (1, "conflict"), (0.3, "blank"))
    if kind == "plain":
        return text(chance)
    if kind == "derived":
        return mapping(chance, ("derived", "from"), ("where", "note"))
    if kind == "conflict":
        told = [
            text(chance) if chance.random() < 0.3 else mapping(chance, ("value",), CELL)
            for _ in range(chance.choice([2, 2, 3]))
        ]
        return {"conflicting": told, **mapping(chance, (), ("when", "note"))}
    return mapping(chance, () if kind == "blank" else ("value",), CELL) or {"note": text(chance)}


def course(chance: Random) -> dict[str, Any]:
    made: dict[str, Any] = mapping(chance, ("drug",), COURSE)
    for key in ("dose", "start"):
        if key in made and chance.random() < 0.4:
            made[key] = cell(chance)
    return made


def field(chance: Random) -> Any:
    kind = one_of(chance, (4, "cell"), (4, "series"), (3, "courses"), (1, "choices"), (1, None))
    count = chance.choice([1, 2, 3, 4, 6])
    if kind is None:
        return None
    if kind == "cell":
        return cell(chance)
    return [{"series": cell, "courses": course, "choices": text}[kind](chance) for _ in range(count)]


def other(chance: Random, before: Any) -> Any:
    """What a person may make of a field: mostly some steps away from what it said."""
    if before is None or chance.random() < 0.15:
        return None if chance.random() < 0.3 else field(chance)
    after = json.loads(json.dumps(before))
    for _ in range(chance.choice([1, 1, 2, 4])):
        after = step(chance, after)
    return after


def step(chance: Random, plain: Any) -> Any:
    if isinstance(plain, list):
        plain = list(plain)
        at = chance.randrange(len(plain) + 1)
        kind = one_of(chance, (2, "insert"), (2, "remove"), (1, "move"), (4, "change"))
        like = course if any(isinstance(each, dict) and "drug" in each for each in plain) else cell
        if all(isinstance(each, str) for each in plain) and chance.random() < 0.7:
            like = text
        if kind == "insert" or not plain:
            plain.insert(at, like(chance))
            return plain
        at %= len(plain)
        if kind == "remove":
            del plain[at]
            return plain or None
        if kind == "move":
            plain.insert(chance.randrange(len(plain)), plain.pop(at))
            return plain
        plain[at] = step(chance, plain[at])
        return plain
    if isinstance(plain, dict):
        plain = dict(plain)
        key = chance.choice(list(plain))
        kind = one_of(chance, (3, "change"), (2, "remove"), (2, "add"), (1, "derive"), (0.5, "whole"))
        if kind == "remove" and len(plain) > 1:
            del plain[key]
        elif kind == "add":
            plain[chance.choice(COURSE if "drug" in plain else CELL)] = text(chance)
        elif kind == "derive" and ("value" in plain or "derived" in plain):
            old, new = ("value", "derived") if "value" in plain else ("derived", "value")
            plain = {new if name == old else name: each for name, each in plain.items()}
            if new == "derived":
                plain["from"] = text(chance)
            else:
                plain.pop("from", None)
        elif kind == "whole":
            return cell(chance)
        else:
            plain[key] = text(chance) if isinstance(plain[key], str) else step(chance, plain[key])
            if plain[key] is None:
                del plain[key]
        return plain or None
    return text(chance) if chance.random() < 0.7 or plain is None else {"value": plain, **mapping(chance, (), CELL[1:])}


# --- how it is written --------------------------------------------------------------------------------------------------


class Writer:
    """Writes values as somebody may have written them; `remarks` is how often a comment stands where one may."""

    def __init__(self, chance: Random, remarks: float) -> None:
        self.chance, self.remarks, self.count = chance, remarks, 0
        self.flows = chance.choice([0.1, 0.4, 0.9])

    def file(self, cases: list[dict[str, Any]]) -> bytes:
        lines = [*self.above(0), "schema: 1", f"report: pmid:11{self.tail()}", *self.above(0), "cases:" + self.tail()]
        column = self.chance.choice([0, 2])
        for case in cases:
            lines += self.above(column)
            body: list[str] = []
            for group in ORDER:
                names = [name for name in group if name in case]
                if names and body and self.chance.random() < 0.5:
                    body += ["", *self.above(column + 2, often=0.7)]
                for name in names:
                    body += [] if not body else self.above(column + 2, often=self.remarks / 3)
                    body += self.entry(name, case[name], column + 2)
            first = body[0].lstrip(" ")
            lines += [f"{' ' * column}- {first}", *body[1:]]
            lines += [""] if self.chance.random() < 0.3 else []
        lines += self.above(0)
        whole = "\n".join(lines) + ("\n" if self.chance.random() < 0.9 else "")
        data = whole.encode().replace(b"\n", self.chance.choice([b"\n", b"\n", b"\n", b"\r\n"]))
        return (codecs.BOM_UTF8 if self.chance.random() < 0.1 else b"") + data

    def comment(self) -> str:
        self.count += 1
        return f"# {self.chance.choice(['about', 'see: the', 'it says'])} c{self.count}c"

    def tail(self) -> str:
        return f"{self.chance.choice([' ', '  '])}{self.comment()}" if self.chance.random() < self.remarks else ""

    def above(self, column: int, *, often: float | None = None) -> list[str]:
        """Comment lines, mostly in the column of what they head."""
        lines = []
        while self.chance.random() < (self.remarks if often is None else often):
            at = column if self.chance.random() < 0.9 else self.chance.choice([0, column + 2])
            lines.append(f"{' ' * at}{self.comment()}")
        if self.chance.random() < self.remarks / 4:
            lines.insert(0, "")
        return lines

    def entry(self, key: str, value: Any, column: int) -> list[str]:
        """`key: value` as whole lines, the key in `column`."""
        head = f"{' ' * column}{key}:"
        if isinstance(value, str) and self.chance.random() < 0.03:
            return [
                head + self.tail(),
                *self.above(column + 2),
                f"{' ' * (column + 2)}{self.one_line(value)}{self.tail()}",
            ]
        if value is None or isinstance(value, str) or not value or self.chance.random() < self.flows:
            first, *more = self.inline(value, column)
            return [f"{head}{' ' if first else ''}{first}", *more]
        deeper = column + (
            self.chance.choice([0, 2, 2, 2, 4]) if isinstance(value, list) else self.chance.choice([2, 2, 4])
        )
        lines = self.items(value, deeper) if isinstance(value, list) else self.entries(value, deeper)
        return [head + self.tail(), *self.above(deeper), *lines]

    def entries(self, value: dict[str, Any], column: int) -> list[str]:
        lines: list[str] = []
        for key, each in value.items():
            lines += [*(self.above(column) if lines else []), *self.entry(key, each, column)]
        return lines

    def items(self, value: list[Any], column: int) -> list[str]:
        lines: list[str] = []
        for each in value:
            lines += self.above(column) if lines else []
            dash = f"{' ' * column}-{' ' * self.chance.choice([1, 1, 1, 3])}"
            if isinstance(each, dict) and each and self.chance.random() > self.flows:
                if self.chance.random() < 0.05:
                    lines += [f"{' ' * column}-{self.tail()}", *self.above(len(dash)), *self.entries(each, len(dash))]
                    continue
                first, *more = self.entries(each, len(dash))
                lines += [dash + first.lstrip(" "), *more]
            else:
                first, *more = self.inline(each, column)
                lines += [(dash + first).rstrip(" "), *more]
        return lines

    def inline(self, value: Any, column: int) -> list[str]:
        """A value that begins behind its key or dash, as lines, the first without its indent."""
        tail = self.tail()
        if value is None:
            return [(self.chance.choice(["", "", "~"]) + tail).lstrip(" ")]
        if not isinstance(value, str):
            *lines, last = self.flow(value, column + 2)
            return [*lines, last + tail]
        kind = one_of(self.chance, (12, "line"), (1, "block"), (1, "wrapped"))
        pad = " " * (column + 2)
        words = value.split(" ")
        if kind == "block" and "" not in words:
            mark = self.chance.choice([">-", ">", "|", "|-", ">+"])
            half = len(words) // 2 if mark.startswith(">") else 0
            parts = [" ".join(words[:half]), " ".join(words[half:])]
            return [mark + tail, *(f"{pad}{part}" for part in parts if part)]
        line = self.one_line(value)
        if kind == "wrapped" and " " in line and "# " not in line and ": " not in line and "- " not in line:
            at = line.index(" ", len(line) // 3) if " " in line[len(line) // 3 :] else line.index(" ")
            return [line[:at], f"{pad}{line[at + 1 :]}{tail}"]
        return [line + tail]

    def flow(self, value: Any, column: int) -> list[str]:
        pairs = [("", each) for each in value] if isinstance(value, list) else list(value.items())
        begin, end = "[]" if isinstance(value, list) else "{}"
        lines = [begin]
        is_tall = self.chance.random() < 0.2
        for at, (key, each) in enumerate(pairs):
            comma = "," if at < len(pairs) - 1 or self.chance.random() < 0.05 else ""
            head = f"{key}: " if key else ""
            if each is None:
                first, *more = [""]
            elif isinstance(each, str):
                first, *more = [self.one_line(each, is_flow=True)]
            else:
                first, *more = self.flow(each, column + 2)
            whole = [head + first, *more]
            whole[-1] += comma
            if is_tall and at and self.chance.random() < 0.7:
                lines[-1] += self.tail()
                lines += self.above(column) if self.chance.random() < 0.3 else []
                whole[0] = " " * column + whole[0]
                lines += whole
            else:
                lines[-1] += (" " if at else "") + whole[0]
                lines += whole[1:]
        lines[-1] += end
        return lines

    def one_line(self, value: str, *, is_flow: bool = False) -> str:
        styles = [json.dumps(value, ensure_ascii=False), "'" + value.replace("'", "''") + "'"]
        is_safe = re.fullmatch(r"[\w][\w ./%;()']*", value) or (
            not is_flow and re.fullmatch(r"\w[\w ./%;(),']*", value)
        )
        return self.chance.choice([value, value, value, *styles] if is_safe else styles)


# --- where it stands, as PyYAML's own composer says ------------------------------------------------------------------------


def plain_text(data: bytes) -> str:
    return data.removeprefix(codecs.BOM_UTF8).decode().replace("\r\n", "\n")


def node_of(whole: str, way: tuple[str | int, ...]) -> tuple[yaml.Node, int]:
    """The value at a way, and where its key begins."""
    node = yaml.compose(whole, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    start = 0
    for step in way:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[step]
        else:
            key, node = next((key, value) for key, value in node.value if key.value == step)
            start = key.start_mark.index
    return node, start


def place_of(whole: str, way: tuple[str | int, ...]) -> tuple[int, int]:
    """Where the lines of a key begin and end, with the comment behind its value."""
    node, start = node_of(whole, way)
    line_end = whole.find("\n", max(last_of(node, whole), whole.index(":", start)))
    return start, len(whole) if line_end < 0 else line_end


def parts_of(whole: str, way: tuple[str | int, ...]) -> dict[Any, str]:
    """How the values of a mapping or the items of a list are written."""
    node, _ = node_of(whole, way)
    listed = node.value if isinstance(node, yaml.CollectionNode) else []
    pairs = [(each[0].value, each[1]) if isinstance(each, tuple) else (at, each) for at, each in enumerate(listed)]
    return {name: whole[each.start_mark.index : last_of(each, whole)] for name, each in pairs}


def last_of(node: yaml.Node, whole: str) -> int:
    """Where the last sign of a value ends."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        start, end = node.start_mark.index, node.end_mark.index
        return start + len(whole[start:end].rstrip())
    last = node.value[-1]
    return last_of(last[1] if isinstance(last, tuple) else last, whole)
