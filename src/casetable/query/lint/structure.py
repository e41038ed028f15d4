"""How a strategy is put together: what cannot be read, operators, line numbers, and the syntax of other databases."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from casetable.problems import Severity, shown
from casetable.query.lint.finding import CHECK_TAGS, Edit, Finding, Subject, rule, several
from casetable.query.tags import Tag
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
    Line,
    Lines,
    Node,
    Operator,
    Reference,
    Term,
    blocks_of,
    stray_references,
    walk,
)
from casetable.query.words import key_of

L101 = rule(
    "L101",
    "unreadable-strategy",
    Severity.ERROR,
    summary="a strategy cannot be read as PubMed's language",
    why="PubMed repairs such a query by itself, and searches for something else than what was meant.",
    fix="Mend the place named: every parenthesis, quote and bracket has its pair, every operator a term on either side.",
    good="(asthma[tiab] OR copd[tiab]) AND tocilizumab[tiab]",
    bad="(asthma[tiab] OR copd[tiab] AND tocilizumab[tiab]",
    message="the group '(asthma[tiab] OR copd[tiab]' is never closed; expected ')', most likely here",
)
L122 = rule(
    "L122",
    "operator-missing",
    Severity.WARNING,
    summary="nothing stands between two terms",
    why="PubMed joins them by AND; in a list of synonyms that loses nearly all of them.",
    fix="Write the operator.",
    good="asthma[tiab] OR wheeze[tiab]",
    bad="asthma[tiab] wheeze[tiab]",
    message="no operator stands before 'wheeze[tiab]', so PubMed reads AND; expected AND or OR",
)
L123 = rule(
    "L123",
    "mixed-operators",
    Severity.ERROR,
    summary="AND or NOT meets OR without parentheses",
    why="PubMed reads from left to right; other databases and most readers take AND first.",
    fix="Put parentheses around what belongs together.",
    good="(asthma[tiab] OR copd[tiab]) AND tocilizumab[tiab]",
    bad="asthma[tiab] OR copd[tiab] AND tocilizumab[tiab]",
    message="AND follows OR without parentheses, and PubMed reads all before it as one group; expected parentheses",
)
L124 = rule(
    "L124",
    "lower-case-operator",
    Severity.NOTE,
    summary="an operator is in lower case",
    why="PubMed's help asks for capitals, and readers take lower case for a word of the term.",
    fix="Write AND, OR, NOT in capitals.",
    good="asthma[tiab] OR copd[tiab]",
    bad="asthma[tiab] or copd[tiab]",
    message="'or' is in lower case; expected capitals",
)
L130 = rule(
    "L130",
    "not-takes-too-much",
    Severity.WARNING,
    summary="NOT takes away all records about animals, or about an age or a sex",
    why="Records about animals and humans go too, case reports of zoonoses among them (Cochrane Handbook, technical supplement to chapter 4).",
    fix="Write NOT (animals[mh] NOT humans[mh]).",
    good="rabies[tiab] AND vaccine[tiab] NOT (animals[mh] NOT humans[mh])",
    bad="rabies[tiab] AND vaccine[tiab] NOT animals[mh]",
    message="NOT takes away records about animals and humans too; expected NOT (animals[mh] NOT humans[mh])",
)
L139 = rule(
    "L139",
    "limit-by-indexing",
    Severity.WARNING,
    summary="a limit is a heading that indexers give",
    why="Records that are not indexed yet, or never will be, do not have it: the newest are lost (PRESS, element 6).",
    fix="Take away what is not meant, as NOT (animals[mh] NOT humans[mh]), or add words joined by OR.",
    good="asthma[tiab] AND tocilizumab[tiab] NOT (animals[mh] NOT humans[mh])",
    bad="asthma[tiab] AND tocilizumab[tiab] AND humans[mh]",
    message="'humans[mh]' is given by indexing, so records that are not indexed are lost; expected NOT instead, or words",
)
L132 = rule(
    "L132",
    "syntax-in-phrase",
    Severity.ERROR,
    summary="an operator or a tag stands within quotes",
    why="Within quotes it is a word like others: the phrase is found nowhere.",
    fix="Close the quotes before it.",
    good='"asthma"[tiab] OR "copd"[tiab]',
    bad='"asthma OR copd"[tiab]',
    message="'OR' stands within quotes, where it is a word; expected the quotes closed before it",
)
L133 = rule(
    "L133",
    "foreign-syntax",
    Severity.ERROR,
    summary="a term is written in another database's language",
    why="PubMed searches for the letters, or ignores them.",
    fix='Translate it: exp X/ is X[mh], X.ti,ab. is X[tiab], adj3 and NEAR/3 are "…"[tiab:~2].',
    good="asthma[mh] OR asthma[tiab]",
    bad="asthma[mh] OR asthma.ti,ab.",
    message="'.ti,ab.' is Ovid's; expected [tiab]",
)
L134 = rule(
    "L134",
    "unknown-line",
    Severity.ERROR,
    summary="#n names no line, or one that does not stand before it",
    why="A wrong line number joins what was not meant: the commonest error of line-by-line strategies.",
    fix="Correct the number.",
    good="#1 asthma[tiab]\n#2 tocilizumab[tiab]\n#3 #1 AND #2",
    bad="#1 asthma[tiab]\n#2 tocilizumab[tiab]\n#3 #1 AND #2 AND #4",
    message="#4 names no line of the strategy; expected the number of a line above",
)
L135 = rule(
    "L135",
    "unused-line",
    Severity.WARNING,
    summary="a line is not part of the last one",
    why="What it searches for is not searched for.",
    fix="Name the line in the one that it belongs to, or remove it.",
    good="#1 asthma[tiab]\n#2 tocilizumab[tiab]\n#3 #1 AND #2",
    bad="#1 asthma[tiab]\n#2 copd[tiab]\n#3 tocilizumab[tiab]\n#4 #1 AND #3",
    message="line #2 is named by no line that leads to the last one, #4; expected it to be used, or removed",
)
L136 = rule(
    "L136",
    "number-without-hash",
    Severity.ERROR,
    summary="a line of a line-by-line strategy joins plain numbers",
    why="PubMed searches for the numbers; a line is named with '#'.",
    fix="Write #1 for line 1.",
    good="1. asthma[tiab]\n2. tocilizumab[tiab]\n3. #1 AND #2",
    bad="1. asthma[tiab]\n2. tocilizumab[tiab]\n3. 1 AND 2",
    message="'1' and '2' are numbers for PubMed; expected #1 and #2",
)
L137 = rule(
    "L137",
    "tag-in-parentheses",
    Severity.ERROR,
    summary="a tag stands in parentheses or braces",
    why="PubMed takes it for one more term, joined by AND.",
    fix="Write it in square brackets.",
    good="asthma[tiab]",
    bad="asthma(tiab)",
    message="'(tiab)' is a term for PubMed; expected [tiab]",
)

_OPERATOR_WITHIN = re.compile(r"(?<!\S)(AND|OR|NOT)(?!\S)")
_TAG_WITHIN = re.compile(r"\[([\w/ :~-]{2,30})\]")
# Tags that are no words of a search.
_SHORT_TAGS = frozenset(
    {"tiab", "ti", "tw", "mh", "majr", "au", "ta", "pt", "dp", "ot", "nm", "sh", "la", "mesh", "pmid"}
)
_FIELDS = r"\.(?:[a-z]{2}|mp)(?:,(?:[a-z]{2}|mp))*\."
_OVID_FIELDS = re.compile(rf"(?:(?<=[\w*])|\A)({_FIELDS})(?!\w)")
_OVID_HEADING = re.compile(r"\b(?:exp )?\*?[A-Za-z][A-Za-z ,-]{0,80}/(?![\w ])|\bexp [A-Z][A-Za-z ,-]{0,80}/?")
_OVID_LINES = re.compile(r"\A(?:or|and)/([0-9]{1,4})([,-])([0-9]{1,4})\Z", re.IGNORECASE)
_OVID_LIMIT = re.compile(r"\Alimit #?[0-9]{1,4} to\b", re.IGNORECASE)
_NEAR = re.compile(r"\b(?:adj([0-9]{0,2})|(?:near|next)/?([0-9]{1,2})|(?:w|pre)/([0-9]{1,2}))\b", re.IGNORECASE)
_EMBASE = re.compile(r"/(?:exp|de|mj)\b|:(?:ti|ab|kw)(?:,(?:ti|ab|kw))*\b")
_PREFIXED = re.compile(r"\b(?:TITLE-ABS-KEY|TITLE-ABS|TS=|TI=|AB=)")
_EBSCO = re.compile(r"\A(?:TI|AB|MH|MM|DE|SU|TX|KW)(?= \w)|\A(?:MH|MM|TI|AB|TX|SU|DE)\Z")
_PAGE = re.compile(
    r"\b(?:Filters|Search|Sort by|Save search)\s?:|\A(?:Sort by|Filters)\b|\ASearch(?= \w)", re.IGNORECASE
)
_COUNT = re.compile(r"\A[0-9]{1,3}(?:,[0-9]{3})+\Z")
_FOREIGN = (
    (_OVID_FIELDS, "Ovid's; expected [tiab]"),
    (_OVID_LIMIT, "Ovid's; expected the limit as a term, as english[la]"),
    (_OVID_HEADING, "a heading of Ovid's; expected it in quotes, with [mh]"),
    (_EMBASE, "Embase's; expected [mh] or [tiab]"),
    (_PREFIXED, "Scopus's or Web of Science's; expected a tag behind each term, as [tiab]"),
    (_EBSCO, "EBSCO's; expected a tag behind each term, as [ti] or [mh]"),
    (_PAGE, "text of PubMed's page; expected the strategy alone, and filters as terms, as english[la]"),
    (_COUNT, "a count of PubMed's history; expected the strategy alone"),
)


def unreadable(subject: Subject) -> Iterator[Finding]:
    for fault in subject.faults:
        yield Finding(rule=L101, start=fault.start, end=fault.end, message=fault.message)


def operators(subject: Subject) -> Iterator[Finding]:
    lower: list[Operator] = []
    for chain in subject.chains:
        for before, operator, operand in zip(chain.operands, chain.operators, chain.operands[1:], strict=False):
            if operator.is_implied:
                if not (subject.faults or subject.is_told(before) or subject.is_told(operand)):
                    yield _implied(subject, before, operand)
            elif operator.text != operator.text.upper():
                lower.append(operator)
        if not subject.faults:
            yield from _mixed(chain)
    if lower:
        message = f"{several(shown(operator.text) for operator in lower)} is in lower case; expected capitals"
        if len({operator.text for operator in lower}) > 1:
            message = message.replace(" is in ", " are in ")
        edits = tuple(
            Edit(start=o.start, end=o.end, text=o.text.upper())
            for o in lower
            if subject.text[o.start : o.end].split() == o.text.split()  # no comment stands within
        )
        yield Finding(rule=L124, start=lower[0].start, end=lower[0].end, message=message, edits=edits)


def _implied(subject: Subject, before: Node, operand: Node) -> Finding:
    if isinstance(operand, Group) and isinstance(operand.inner, Term) and operand.tag is None:
        name = operand.inner.text
        if operand.inner.tag is None and not operand.inner.is_quoted and name.lower() in _SHORT_TAGS:
            message = f"'({name})' is a term for PubMed; expected [{name}]"
            is_bare = isinstance(before, Term) and before.tag is None
            edits = (Edit(start=operand.start, end=operand.end, text=f"[{name}]"),) if is_bare else ()
            return Finding(rule=L137, start=before.start, end=operand.end, message=message, edits=edits)
    message = f"no operator stands before {subject.written(operand)}, so PubMed reads AND; expected AND or OR"
    return Finding(rule=L122, start=operand.start, end=operand.end, message=message)


def _mixed(chain: Chain) -> Iterator[Finding]:
    told = [operator for operator in chain.operators if not operator.is_implied]
    kinds = {operator.kind for operator in told}
    if Boolean.OR not in kinds or len(kinds) == 1:
        return
    first = told[0]
    at = next(operator for operator in told if (operator.kind is Boolean.OR) != (first.kind is Boolean.OR))
    message = f"{at.kind} follows {first.kind} without parentheses, and PubMed reads all before it as one group; expected parentheses"
    yield Finding(rule=L123, start=at.start, end=at.end, message=message)


def check_tags(subject: Subject) -> Iterator[Finding]:
    """Tells of NOT, and of AND, with headings that say whom a record is about."""
    for chain in subject.chains:
        if chain.start in subject.excluded:
            continue  # what is taken from what is taken away stays
        for operator, operand in zip(chain.operators, chain.operands[1:], strict=True):
            if operator.kind is not Boolean.NOT:
                continue
            for node in _listed(operand):
                name = _check_tag(node)
                if name in {"animals", "animal"}:
                    message = (
                        "NOT takes away records about animals and humans too; expected NOT (animals[mh] NOT humans[mh])"
                    )
                    yield Finding(rule=L130, start=node.start, end=node.end, message=message)
                elif name:
                    message = (
                        f"NOT takes away records about {shown(name)} and others too;"
                        f" expected NOT ({subject.written(node)[1:-1]} NOT those that are meant)"
                    )
                    yield Finding(rule=L130, start=node.start, end=node.end, message=message)
    for root in subject.roots:
        for is_excluding, nodes, _ in blocks_of(root):
            listed = [part for node in nodes for part in _listed(node)]
            if not is_excluding and listed and root is not nodes[0] and all(map(_check_tag, listed)):
                told = several(subject.written(node) for node in listed)
                have = "is" if len(listed) == 1 else "are"
                message = f"{told} {have} given by indexing, so records that are not indexed are lost; expected NOT instead, or words"
                yield Finding(rule=L139, start=listed[0].start, end=listed[-1].end, message=message)


def _listed(node: Node) -> tuple[Node, ...]:
    """Returns the terms that OR joins, or the one there is."""
    inner = node
    while isinstance(inner, Group):
        inner = inner.inner
    if isinstance(inner, Chain) and _is_list(inner):
        return inner.operands
    return (inner,)


def _check_tag(node: Node) -> str:
    """Returns the check tag that a term is (humans, child, …), or nothing."""
    is_heading = isinstance(node, Term) and node.field is not None and node.field.tag == "mh"
    name = key_of(node.text) if is_heading and isinstance(node, Term) else ""
    return name if name in CHECK_TAGS else ""


def _is_list(chain: Chain) -> bool:
    return all(operator.kind is Boolean.OR for operator in chain.operators)


def within_quotes(subject: Subject) -> Iterator[Finding]:
    for term in subject.terms:
        if not term.is_quoted:
            continue
        found = _OPERATOR_WITHIN.search(term.text)
        if found is None:
            found = _TAG_WITHIN.search(term.text)
            if found is None or Tag(text=found[1]).field is None:
                continue
        message = f"{shown(found[0])} stands within quotes, where it is a word; expected the quotes closed before it"
        yield Finding(rule=L132, start=term.start, end=term.end, message=message)


def foreign(subject: Subject) -> Iterator[Finding]:
    for term in subject.terms:
        if term.is_quoted or (term.field is not None and term.field.tag in {"mh", "majr", "aid", "lid", "dp", "ta"}):
            continue
        if found := _OVID_LINES.match(term.text):
            yield _joined_lines(subject, term, found)
        elif found := _NEAR.search(term.text):
            near = next(number for number in (*found.groups(), "1") if number)
            # Ovid's adj3 lets two words stand between, the others' NEAR/3 three.
            gap = max(int(near) - 1, 0) if found[0].lower().startswith("adj") else int(near)
            message = (
                f"{shown(found[0])} is the proximity of another database;"
                f" expected whole words in quotes, with [tiab:~{gap}]"
            )
            yield Finding(rule=L133, start=term.start, end=term.end, message=message)
        else:
            for pattern, told in _FOREIGN:
                if (found := pattern.search(term.text)) and not (pattern in {_EBSCO, _PAGE} and _is_ours(term, found)):
                    part = found[1] if pattern is _OVID_FIELDS else found[0]
                    message = f"{shown(part)} is {told}"
                    yield Finding(rule=L133, start=term.start, end=term.end, message=message)
                    break


def _is_ours(term: Term, found: re.Match[str]) -> bool:
    """A term with a tag that only begins like another database's, as "search engine[tiab]"."""
    return term.tag is not None and not (found[0] == "Search" and found.end() < len(term.text)) and ":" not in found[0]


def _joined_lines(subject: Subject, term: Term, found: re.Match[str]) -> Finding:
    first, last = int(found[1]), int(found[3])
    there = {line.number for line in subject.lines}
    numbers = list(range(first, last + 1)) if found[2] == "-" else [first, last]
    edits: tuple[Edit, ...] = ()
    meant = f" {term.text[: term.text.index('/')].upper()} ".join(f"#{number}" for number in numbers[:50])
    if there.issuperset(numbers) and numbers:
        edits = (Edit(start=term.start, end=term.end, text=meant),)
    message = f"{shown(term.text)} is Ovid's way to join lines; expected {meant[:60]}"
    return Finding(rule=L133, start=term.start, end=term.end, message=message, edits=edits)


def lines(subject: Subject) -> Iterator[Finding]:
    if subject.root is None:
        return
    alone, after = _only_number(subject.root)
    if alone is not None and after is not None:
        message = f"#{alone.number} numbers the only line; expected no number, or more lines"
        edits = (Edit(start=alone.start, end=after.start, text=""),)
        yield Finding(rule=L134, start=alone.start, end=alone.end, message=message, edits=edits)
    for fault in stray_references(subject.root):
        if alone is not None and fault.start == alone.start:
            continue
        yield Finding(rule=L134, start=fault.start, end=fault.end, message=fault.message)
    if not isinstance(subject.root, Lines):
        return
    by_number = {line.number: line for line in subject.lines}
    last = subject.root.last.number
    for line in subject.lines:
        yield from _plain_numbers(_numbers_of(line, by_number))
    used, stack = {last}, [last]
    while stack:
        for node in walk(by_number[stack.pop()].inner):
            if isinstance(node, Reference) and node.number in by_number and node.number not in used:
                used.add(node.number)
                stack.append(node.number)
    if any(_numbers_of(line, by_number) for line in subject.lines) or any(
        _OVID_LINES.match(term.text) for term in subject.terms
    ):
        return  # whose lines are named is not known until the numbers have their '#'
    for number, line in by_number.items():
        if number not in used:
            message = f"line #{number} is named by no line that leads to the last one, #{last}; expected it to be used, or removed"
            yield Finding(rule=L135, start=line.start, end=line.end, message=message)


def _only_number(root: Node) -> tuple[Reference | None, Node | None]:
    """Returns the number with which a strategy of one line begins, as `#1 asthma`, and what stands after it."""
    if isinstance(root, Chain) and isinstance(root.operands[0], Reference) and root.operators[0].is_implied:
        return root.operands[0], root.operands[1]
    return None, None


def _numbers_of(line: Line, lines: Collection[int]) -> list[Term]:
    """Returns the plain numbers of a line that joins nothing but numbers of lines before it, else none."""
    leaves = [part for part in walk(line.inner) if not isinstance(part, Group | Chain)]
    numbers = [
        part
        for part in leaves
        if isinstance(part, Term)
        and part.tag is None
        and not part.is_quoted
        and re.fullmatch("[0-9]{1,6}", part.text)
        and int(part.text) in lines
        and int(part.text) < line.number
    ]
    is_joined = len(leaves) > 1 and all(isinstance(part, Reference | Term) for part in leaves)
    return numbers if is_joined and len(numbers) == sum(isinstance(part, Term) for part in leaves) else []


def _plain_numbers(plain: list[Term]) -> Iterator[Finding]:
    if not plain:
        return
    told = several(shown(part.text) for part in plain)
    wanted = several(f"#{part.text}" for part in plain)
    is_one = len({part.text for part in plain}) == 1
    message = f"{told} {'is a number' if is_one else 'are numbers'} for PubMed; expected {wanted}"
    edits = tuple(Edit(start=part.start, end=part.start, text="#") for part in plain)
    yield Finding(rule=L136, start=plain[0].start, end=plain[-1].end, message=message, edits=edits)


RULES = (L101, L122, L123, L124, L130, L132, L133, L134, L135, L136, L137, L139)
FIRST_CHECKS = (unreadable, foreign, within_quotes, lines)
CHECKS = (operators, check_tags)
