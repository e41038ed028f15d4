"""The abstracts of single records from the cache, for whoever looks at one after the other."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from casetable.formats.articles import Stored, read_articles_of
from casetable.formats.pubmed_xml import cut_records
from casetable.model.article import Article
from casetable.workspace.cache import Answers

# So many answers, of some hundred records and a megabyte each, are held cut into records.
MOST_HELD = 64
_OWN_PMID = re.compile(rb"<PMID[^>]{0,40}>\s*([0-9]{1,9})\s*</PMID>")


class Abstracts:
    """Finds a record in the answers that the cache keeps, without reading all of them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._stamp: object = ""
        self._latest: Mapping[str, tuple[str, str]] = {}
        self._held: OrderedDict[str, Mapping[str, bytes | Article]] = OrderedDict()
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Takes up what the cache holds, so that nobody who looks at a record waits for it."""
        with self._lock:
            self._follow()
            asked = {name: key for key, (name, _) in self._latest.items()}
        for name in list(asked)[-MOST_HELD:]:
            with self._lock:
                self._records(name, asked[name])

    def articles(self, keys: Iterable[str]) -> list[Article]:
        """Returns the articles of record keys as the cache has them; those that it does not have are left out."""
        with self._lock:
            self._follow()
            found = [self._article(key) for key in keys]
        return [article for article in found if article is not None]

    def _follow(self) -> None:
        """Takes up the index where it is another than it was."""
        if (stamp := self._answers.stamp()) != self._stamp:
            self._stamp, self._latest = stamp, self._answers.latest()
            self._held.clear()

    def _article(self, key: str) -> Article | None:
        asked = next((name for name in (key, key.removeprefix("pmid:")) if name in self._latest), None)
        if asked is None:
            return None
        record = self._records(self._latest[asked][0], asked).get(key)
        if isinstance(record, bytes):
            read = next(iter(read_articles_of(key, [b"<PubmedArticleSet>", record, b"</PubmedArticleSet>"])), None)
            return read.article if isinstance(read, Stored) else None
        return record

    def _records(self, name: str, asked: str) -> Mapping[str, bytes | Article]:
        """Returns the records of an answer by key: PubMed's as bytes, as most of them nobody asks for."""
        if name not in self._held:
            body = self._answers.body(name) or b""
            if ":" in asked:
                keys = [key for answer, listed in self._answers.kept() if answer == name for key in listed]
                articles = [read.article for read in read_articles_of(name, [body]) if isinstance(read, Stored)]
                self._held[name] = dict(zip(keys, articles, strict=False))
            else:
                cuts = (cut.data for cut in cut_records([body]))
                self._held[name] = {
                    f"pmid:{found[1].decode()}": data for data in cuts if (found := _OWN_PMID.search(data))
                }
            while len(self._held) > MOST_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return self._held[name]
