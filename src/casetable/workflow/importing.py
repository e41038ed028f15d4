"""Records of sources that are not searched from here: their exports, brought into the review as a search of that source."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from casetable import __version__
from casetable.curation.edits import new_strategy
from casetable.curation.files import read_strategy
from casetable.curation.nodes import can_be_written
from casetable.dedup import is_another
from casetable.errors import UsageError
from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.export import whole
from casetable.formats.logs import search_id, write_records, write_search
from casetable.model import SEARCHED_SOURCE, ExportFile, Method, Record, Search, Strategy, record_key
from casetable.model.article import Article, record_of
from casetable.problems import did_you_mean, joined
from casetable.review import Review, strategy_hash
from casetable.workflow import LOGS, readable_review, require_text
from casetable.workspace import STRATEGIES, Workspace
from casetable.workspace.articles import read_bytes


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A source's records as they now stand in the review.

    `new_file` is the strategy's file where it was written now; `known` is how many of the records another source had
    found already, as far as they have the same key; `faults` are what could not be read.
    """

    search: Search
    is_first: bool
    records: int
    added: tuple[Record, ...]
    removed: tuple[Record, ...]
    known: int
    new_file: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file that was read: its bytes and what stands in it, in order."""

    path: Path
    data: bytes
    articles: tuple[Article, ...]


def import_exports(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    source: str,
    searched: dt.date,
    by: str,
    today: dt.date,
    name: str = "",
    strategy: Path | None = None,
    is_register: bool = False,
    is_dry: bool = False,
) -> Imported:
    """Records the search of a source by the exports of all that it found, in place of its search before.

    `searched` is the day of the export and `by` who searched. `name` is the strategy's, which by default follows from the
    source; `strategy` is a file with the query as it was run there, for a strategy that is not in the review yet. Raises
    UsageError, where nothing was written; ReviewUnreadableError, WriteError.
    """
    _refuse(source, by, searched, today)
    exports, faults = _read(files)
    text = _query_text(strategy) if strategy else ""
    with workspace.locked():
        review = readable_review(workspace, *LOGS)
        chosen, new_file, data = _strategy(review, source, name, text, is_register=is_register)
        last = review.last_searches.get(chosen.name)
        when = f"{searched.isoformat()}T00:00:00Z"
        if last and last.when > when:
            raise UsageError(
                f"the last search of {chosen.name} is of {last.when[:10]}, after {searched}; expected the export of a later one"
            )
        records = dict(review.inputs.records)
        keys: list[tuple[str, ...]] = []
        for export, named in zip(exports, keyed([e.articles for e in exports], chosen.name, records), strict=True):
            keys.append(named)
            for article, key in zip(export.articles, named, strict=True):
                record = record_of(article, key=key, origin=chosen.source)
                if key not in records or records[key].origin == chosen.source:
                    records[key] = record
        hits = frozenset(key for named in keys for key in named)
        before = review.hits.get(chosen.name, frozenset())
        elsewhere = {key for other, found in review.hits.items() if other != chosen.name for key in found}
        search = Search(
            id="",
            previous=last.id if last else "",
            strategy=chosen.name,
            method=chosen.method,
            source=chosen.source,
            when=when,
            strategy_hash=strategy_hash(chosen),
            count=len(hits),
            added=tuple(sorted(hits - before)),
            removed=tuple(sorted(before - hits)),
            tool=f"casetable {__version__}",
            term=chosen.text,
            by=" ".join(by.split()),
            files=tuple(
                ExportFile(name=whole(e.path.name), sha256=sha256(e.data).hexdigest(), records=len(e.articles))
                for e in exports
            ),
        )
        search = replace(search, id=search_id(search))
        if last and last.when == when and set(last.files) == set(search.files):
            raise UsageError(f"these exports were imported already, as the search of {chosen.name} on {searched}")
        told, line = write_records(records.values()), write_search(search)
        if not is_dry:
            answers = workspace.answers()
            for export, named in zip(exports, keys, strict=True):
                answers.keep(export.data, named, when)
            if new_file:
                workspace.write(new_file, data, is_new=True)
            workspace.commit_refresh(told, line)
    return Imported(
        search=search,
        is_first=last is None,
        records=len(hits),
        added=tuple(records[key] for key in search.added),
        removed=tuple(records[key] for key in search.removed if key in records),
        known=len(hits & elsewhere),
        new_file=new_file,
        faults=tuple(faults),
    )


def _refuse(source: str, by: str, searched: dt.date, today: dt.date) -> None:
    if not source.strip():
        raise UsageError("the source has no name; expected one as --source Embase")
    if source.strip().lower() == SEARCHED_SOURCE.lower():
        raise UsageError(
            "PubMed is searched from here; write a strategy in queries/ and run 'casetable refresh', which records the search"
        )
    if not by.strip():
        raise UsageError("a search needs a name; give --by, or set git's user.name")
    require_text(("the source", source), ("the name", by))
    if searched > today:
        raise UsageError(f"{searched} is yet to come; expected the day of the export")


def _read(files: Sequence[Path]) -> tuple[list[Export], list[str]]:
    exports: list[Export] = []
    faults: list[str] = []
    seen: dict[str, Path] = {}
    for path in files:
        data, fault = read_bytes(path)
        if fault:
            raise UsageError(f"{fault}; nothing was written")
        content = sha256(data).hexdigest()
        if content in seen:
            raise UsageError(f"{path} is the same as {seen[content]}; nothing was written")
        seen[content] = path
        articles = []
        for read in read_articles_of(str(path), [data]):
            if isinstance(read, Stored):
                articles.append(read.article)
            elif isinstance(read, Flaw):
                faults.append(read.message)
        exports.append(Export(path=path, data=data, articles=tuple(articles)))
    if not any(export.articles for export in exports):
        told = joined([str(file) for file in files], "and")
        raise UsageError("\n".join([f"no record in {told}; nothing was written", *faults]))
    return exports, faults


def _query_text(path: Path) -> str:
    data, fault = read_bytes(path)
    if fault:
        raise UsageError(fault)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8; expected a file with the query as it was run") from None
    lines = [line.rstrip() for line in re.split("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", text)]
    text = "\n".join(lines).strip("\n")
    if not text.strip() or not can_be_written(text):
        raise UsageError(f"{path} holds no text of a query; expected the query as it was run")
    return text


def _strategy(review: Review, source: str, name: str, text: str, *, is_register: bool) -> tuple[Strategy, str, bytes]:
    """Returns the strategy that the records are of; of one that is not there yet also its file and what is to be in it."""
    known = {strategy.name: strategy for strategy in review.inputs.strategies}
    plain = " ".join(source.split())
    own = [s for s in known.values() if s.is_imported and s.source.casefold() == plain.casefold()]
    if name and name in known:
        chosen = known[name]
        if not chosen.is_imported:
            raise UsageError(f"{name} is not a strategy whose records are imported; expected another --name")
        if chosen.source.casefold() != plain.casefold():
            raise UsageError(f"{name} is of {chosen.source}, not of {plain}; expected another --name")
    elif name or not own:
        return _new_strategy(known, plain, name or _slug(plain), text, is_register=is_register)
    elif len(own) > 1:
        raise UsageError(f"{plain} has {len(own)} strategies; expected --name {joined(sorted(s.name for s in own))}")
    else:
        chosen = own[0]
    if text and text.split() != chosen.text.split():
        raise UsageError(
            f"{chosen.name} has another query in {chosen.place.path}; edit it there, and import without --strategy"
        )
    return chosen, "", b""


def _new_strategy(
    known: Mapping[str, Strategy], source: str, name: str, text: str, *, is_register: bool
) -> tuple[Strategy, str, bytes]:
    if not re.fullmatch(r"[^\W_][\w-]{0,99}", name):
        hint = did_you_mean(name, known)
        raise UsageError(
            f"{name!r} is no name of a strategy; expected letters, digits, '_' and '-'{'; ' + hint if hint else ''}"
        )
    if name.casefold() in map(str.casefold, known):  # one file on macOS and Windows
        name = next(one for one in known if one.casefold() == name.casefold())
        raise UsageError(f"there is a strategy {name} already, of {known[name].source}; expected another --name")
    path = f"{STRATEGIES}/{name}.yaml"
    data = new_strategy(source, text, method=Method.REGISTER if is_register else Method.DATABASE)
    strategy, problems = read_strategy(path, name, data)
    if strategy is None or problems:
        raise UsageError("\n".join(["the strategy cannot be written as it is:", *map(str, problems)]))
    return strategy, path, data


def _slug(source: str) -> str:
    plain = unicodedata.normalize("NFKD", source).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:60] or "source"


def keyed(files: Sequence[Sequence[Article]], name: str, known: Mapping[str, Record]) -> Iterator[tuple[str, ...]]:
    """Yields for each file the keys of its records, no two alike.

    A key is `pmid:…`, else `doi:…`; of a record that has neither, or has one that is another record's, `NAME:` and a hash of
    what it says, so that it keeps its key in a later export.
    """
    taken: set[str] = set()
    copies: Counter[str] = Counter()
    for articles in files:
        keys = []
        for article in articles:
            record = record_of(article, key="-", origin=name)
            key, own = record_key(pmid=record.pmid, doi=record.doi), _own_key(record, name)
            # A record that came without an identifier before keeps the key that it has.
            if own in known and own not in taken:
                key = own
            if not key or key in taken or (key in known and is_another(known[key], record)):
                key = own
            while key in taken:
                copies[own] += 1
                key = f"{own}-{copies[own] + 1}"
            taken.add(key)
            keys.append(key)
        yield tuple(keys)


def _own_key(record: Record, name: str) -> str:
    said = (record.title, *record.authors, record.journal, record.year, record.volume, record.pages)
    text = "\0".join(re.sub(r"[\W_]+", " ", part.casefold()).strip() for part in said)
    return f"{name}:{sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
