"""Strategies as texts: their faults, how these are mended, and what a strategy finds in local records."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from casetable.curation.files import read_strategy
from casetable.curation.nodes import read_nodes
from casetable.curation.typed import typed_text, with_edits
from casetable.errors import UsageError
from casetable.formats.articles import Stored
from casetable.model import Known, Strategy, normal_doi
from casetable.model.article import article_of
from casetable.problems import Place, Problem, in_order, joined, pointed
from casetable.query import Lines, parse
from casetable.query.lint import RULES, Edit, Finding, lint, lint_known, safe_edits, with_edits_made
from casetable.query.lint.known import L140
from casetable.query.marks import Marker
from casetable.query.match import Matched, MatchedArticle, Verdict, match
from casetable.query.sent import unsendable
from casetable.review import Review
from casetable.workflow import LOGS, load_review, readable_review
from casetable.workspace import STRATEGIES, Workspace, is_below
from casetable.workspace.articles import Library, load_articles

# The path of a strategy that stands in no file.
TYPED = "strategy"
MOST_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Linted:
    """A strategy with its faults; `findings` in the order of its text, `problems` in that of the file."""

    name: str
    text: str
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Mended:
    """What `fix` made of a strategy; `is_written` is False where its file cannot take the edits as it is written."""

    name: str
    path: str
    before: str
    after: str
    edits: int
    is_written: bool


def refuse_unreadable(strategies: Iterable[Strategy]) -> None:
    """Raises UsageError where a strategy cannot be sent: PubMed would repair it and search for something else."""
    told: list[str] = []
    for strategy in strategies:
        for fault in unsendable(strategy.text) if strategy.text else ():
            told.append(f"{strategy.place_of(fault.start)}: {strategy.name}: {fault.message}")
            told += pointed(strategy.text, (fault.start, fault.end))
    if told:
        raise UsageError("\n".join(["the strategy cannot be read, and nothing was searched:", *told]))


def lint_text(text: str) -> Linted:
    """Returns the faults of a strategy that stands in no file."""
    findings = lint(text)
    problems = tuple(_problem(finding, _place_in(text, finding.start), "") for finding in findings)
    return Linted(name="", text=text, findings=findings, problems=problems)


def lint_review(
    workspace: Workspace, names: Sequence[str], today: dt.date
) -> tuple[tuple[Linted, ...], tuple[Problem, ...]]:
    """Returns the faults of the strategies named, or of all, and what is wrong with files that hold no strategy for it.

    A strategy may be named by its file, too. Raises UsageError for a name that there is not.
    """
    review = load_review(workspace)
    names = [_plain_name(name) for name in names]
    read = {strategy.place.path for strategy in review.inputs.strategies}
    wanted = {f"{STRATEGIES}/{name}.yaml" for name in names}
    unread = tuple(
        problem
        for problem in review.inputs.problems
        if is_below(problem.place.path, STRATEGIES)
        and problem.place.path not in {*read, *LOGS}
        and (not wanted or problem.place.path in wanted)
    )
    faulty = {problem.place.path for problem in unread}
    there = [name for name in names if f"{STRATEGIES}/{name}.yaml" not in faulty]
    chosen = _chosen(review, there) if there or not names else []
    return tuple(_linted(strategy, review, today) for strategy in chosen), in_order(unread)


def _plain_name(name: str) -> str:
    return name.removeprefix(f"{STRATEGIES}/").removesuffix(".yaml")


def _chosen(review: Review, names: Sequence[str]) -> list[Strategy]:
    texts = {s.name: s for s in review.inputs.strategies if s.text and not s.is_imported}
    names = [_plain_name(name) for name in names]
    for name in names:
        if name not in texts:
            path = f"{STRATEGIES}/{name}.yaml"
            told = [str(problem) for problem in review.inputs.problems if problem.place.path == path]
            if told:
                raise UsageError("\n".join([f"{path} holds no strategy that can be used:", *told]))
            there = joined(texts, "and") if texts else "none"
            raise UsageError(f"there is no strategy '{name}' with a query text in queries/; there is {there}")
    return [texts[name] for name in dict.fromkeys(names)] or list(texts.values())


def _linted(strategy: Strategy, review: Review, today: dt.date) -> Linted:
    known = [
        (known.key, article_of(review.records[key]))
        for known in strategy.must_find
        if (group := review.group_of(known.key)) is not None
        for key in group.keys
    ]
    findings = [*lint(strategy.text), *lint_known(strategy.text, known, today)]
    accepted = {entry.code for entry in strategy.accepts}
    kept = tuple(finding for finding in findings if finding.rule.code not in accepted)
    problems = [_problem(finding, strategy.place_of(finding.start), strategy.name) for finding in kept]
    found_codes = {finding.rule.code for finding in findings}
    for entry in strategy.accepts:
        if entry.code not in found_codes:
            message = f"{entry.code} is accepted, but lint finds none; expected the entry removed"
            if all(rule.code != entry.code for rule in RULES):
                message = f"there is no rule {entry.code}; expected one that 'casetable rules' lists"
            problems.append(L140.at(entry.place, message, field=strategy.name))
    return Linted(name=strategy.name, text=strategy.text, findings=kept, problems=in_order(problems))


def _problem(finding: Finding, place: Place, name: str) -> Problem:
    return Problem(
        place=place,
        code=finding.rule.code,
        severity=finding.rule.severity,
        field=name,
        message=finding.message,
        hint=finding.hint,
        span=(finding.start, finding.end),
        also=finding.also,
    )


def _place_in(text: str, at: int) -> Place:
    return Place(TYPED, text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)


# --- fix --------------------------------------------------------------------------------------------------------------


def mended(text: str, *, accepted: Iterable[str] = ()) -> tuple[str, int]:
    """Returns a strategy with every fault mended that has one safe fix, and how many edits that took."""
    refused = frozenset(accepted)
    edits = 0
    for _ in range(MOST_ROUNDS):
        made = _edits(text, refused)
        if not made:
            break
        text = with_edits_made(text, made)
        edits += len(made)
    return text, edits


def fix_review(workspace: Workspace, names: Sequence[str], *, is_dry: bool = False) -> tuple[Mended, ...]:
    """Mends the strategies named, or all, in their files, of which nothing else changes; returns those that change.

    Raises UsageError, ReviewUnreadableError, WriteError.
    """
    with workspace.locked():
        review = readable_review(workspace, STRATEGIES)
        found = []
        for strategy in _chosen(review, names):
            refused = frozenset(entry.code for entry in strategy.accepts)
            after, edits = mended(strategy.text, accepted=refused)
            if not edits:
                continue
            path = strategy.place.path
            data = _mended_file(path, strategy.name, workspace.read(path), refused)
            if data is not None and not is_dry:
                workspace.write(path, data)
            found.append(
                Mended(
                    name=strategy.name,
                    path=path,
                    before=strategy.text,
                    after=after,
                    edits=edits,
                    is_written=data is not None,
                )
            )
    return tuple(found)


def _edits(text: str, refused: frozenset[str]) -> list[Edit]:
    return safe_edits(text, [finding for finding in lint(text) if finding.rule.code not in refused])


def _mended_file(path: str, name: str, data: bytes, refused: frozenset[str]) -> bytes | None:
    """Returns a strategy's file mended, or None where it would then not be read as the mended text."""
    for _ in range(MOST_ROUNDS):
        node, _problems = read_nodes(path, data)
        typed = typed_text(path, data, node.at("strategy").place) if node is not None else None
        if typed is None:
            return None
        edits = _edits(typed.text, refused)
        if not edits:
            break
        changed = with_edits(data, typed, [(edit.start, edit.end, edit.text) for edit in edits])
        again, _faults = read_strategy(path, name, changed) if changed is not None else (None, ())
        if changed is None or again is None or again.text.split() != with_edits_made(typed.text, edits).split():
            return None
        data = changed
    return data


# --- match ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """A record that the strategy must find, and its articles, of which the best one counts; none are without it."""

    key: str
    records: tuple[str, ...]
    article: MatchedArticle | None


@dataclass(frozen=True, kw_only=True)
class MatchResult:
    """What a strategy finds among articles, and what could not be read of the files, as `path:line: what is wrong`."""

    name: str
    text: str
    matched: Matched
    articles: tuple[Stored, ...]
    known: tuple[KnownItem, ...]
    faults: tuple[str, ...]


def match_review(workspace: Workspace, name: str, files: Sequence[Path], today: dt.date) -> MatchResult:
    """Returns what a strategy of the review finds in local files, or, without any, among the review's own records.

    Raises UsageError, also for a strategy that does not parse, and ReviewUnreadableError.
    """
    review = readable_review(workspace, STRATEGIES, *(() if files else LOGS))
    [strategy] = _chosen(review, [name])
    library = _library(files) if files else Library(articles=_own_articles(review))
    named = {known.key: _names_of(review, known) for known in strategy.must_find}
    return _matched(name, _with_limits(strategy), library, named, today)


def _with_limits(strategy: Strategy) -> str:
    """Returns a strategy's text with its limits of the date of publication as its last part."""
    if not (strategy.published_from or strategy.published_to) or unsendable(strategy.text):
        return strategy.text
    since, until = (day.replace("-", "/") for day in (strategy.published_from, strategy.published_to))
    span = f"{since or '1700'}:{until or '3000'}[dp]"
    node = parse(strategy.text)
    if not isinstance(node, Lines):
        return f"{strategy.text}\nAND {span}"  # read from left to right, it limits all before it
    last = node.last.number
    return f"{strategy.text}\n#{last + 1} #{last} AND {span}"


def markers(review: Review, today: dt.date) -> Mapping[str, Marker]:
    """Returns, by strategy, what marks why it finds an article, its limits of the date of publication included.

    A strategy that cannot be read marks nothing, and says why. Those that a person runs at another source are not here.
    """
    return {
        strategy.name: Marker(_with_limits(strategy), today=today)
        for strategy in review.inputs.strategies
        if strategy.text and not strategy.is_imported
    }


def match_text(text: str, files: Sequence[Path], today: dt.date) -> MatchResult:
    """Returns what a strategy that stands in no file finds in local files; raises UsageError."""
    return _matched("", text, _library(files), {}, today)


def _library(files: Sequence[Path]) -> Library:
    library = load_articles(files)
    if not library.articles:
        told = "\n".join(library.faults)
        raise UsageError(f"no record in {joined([str(file) for file in files], 'and')}\n{told}".rstrip())
    return library


def _own_articles(review: Review) -> tuple[Stored, ...]:
    return tuple(Stored(article=article_of(record), key=key) for key, record in sorted(review.records.items()))


def _names_of(review: Review, known: Known) -> frozenset[str]:
    group = review.group_of(known.key)
    keys = group.keys if group is not None else ()
    return frozenset({known.key, *(name for key in keys for name in review.records[key].identifiers)})


def _matched(
    name: str, text: str, library: Library, known: Mapping[str, frozenset[str]], today: dt.date
) -> MatchResult:
    faults = unsendable(text)
    if faults:
        places = (
            (f"{_place_in(text, fault.start)}: {fault.message}", *pointed(text, (fault.start, fault.end)))
            for fault in faults
        )
        raise UsageError("\n".join(["the strategy cannot be read:", *(line for lines in places for line in lines)]))
    articles = [stored.article for stored in library.articles]
    matched = match(parse(text), articles, today=today, text=text)
    where: dict[str, list[int]] = defaultdict(list)
    for at, stored in enumerate(library.articles):
        for key in _identifiers(stored):
            where[key].append(at)
    items = []
    for key, names in known.items():
        positions = sorted({at for one in names for at in where.get(one, ())})
        there = [matched.articles[at] for at in positions]
        best = next((article for verdict in Verdict for article in there if article.verdict is verdict), None)
        items.append(KnownItem(key=key, records=tuple(library.articles[at].key for at in positions), article=best))
    return MatchResult(
        name=name, text=text, matched=matched, articles=library.articles, known=tuple(items), faults=library.faults
    )


def _identifiers(stored: Stored) -> set[str]:
    article = stored.article
    return {
        stored.key,
        *([f"pmid:{article.pmid}"] if article.pmid else []),
        *([f"doi:{normal_doi(article.doi)}"] if article.doi else []),
        *([f"pmcid:{article.pmcid}"] if article.pmcid else []),
    }
