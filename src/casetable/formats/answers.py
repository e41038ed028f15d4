"""Writes what NCBI's E-utilities answer, errors included, in the shapes that the real ones have.

Shapes of ESearch, EPost, EInfo and ESummary 1.0: captured answers. Errors: reports of other projects, each with its HTTP
status, which is often not what one expects: most errors come as 200, and a passing one as 400.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape

from casetable.formats.medline import issue_line, source_line, write_medline
from casetable.formats.pubmed_xml_write import SET_HEAD
from casetable.model.article import Article

WINDOW = 9_999
MAX_SUMMARIES_IN_JSON = 500

_TYPES = {"xml": "text/xml; charset=UTF-8", "json": "application/json; charset=UTF-8"}
_TEXT, _HTML = "text/plain; charset=UTF-8", "text/html; charset=UTF-8"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back over HTTP; Content-Length is added by who sends it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def _reply(text: str, kind: str, status: int = 200, **headers: str) -> Reply:
    content_type = _TYPES.get(kind, kind)
    # What is no character (a lone surrogate out of a query) must not cost the whole answer.
    return Reply(status=status, headers={"Content-Type": content_type, **headers}, body=text.encode(errors="replace"))


def _doctype(root: str, name: str, version: str, file: str = "") -> str:
    url = f"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/{version}/{file or name}.dtd"
    return f'<!DOCTYPE {root} PUBLIC "-//NLM//DTD {name} {version}//EN" "{url}">'


def _json(utility: str, value: Mapping[str, Any]) -> str:
    header = {"type": utility, "version": "0.3"}
    return json.dumps({"header": header, **value}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _raw_json(text: str) -> str:
    """A text in JSON's quotes, its line breaks as they are."""
    return '"' + "\n".join(json.dumps(line, ensure_ascii=False)[1:-1] for line in text.split("\n")) + '"'


def _text(text: str) -> str:
    return escape(_UNPRINTABLE.sub("", text))


_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# --- ESearch ----------------------------------------------------------------------------------------------------------

_SEARCH_HEAD = _DECLARATION + _doctype("eSearchResult", "esearch", "20060628") + "\n"
_XML_NAMES = {
    "phrasesnotfound": "PhraseNotFound",
    "fieldsnotfound": "FieldNotFound",
    "phrasesignored": "PhraseIgnored",
    "quotedphrasesnotfound": "QuotedPhraseNotFound",
    "outputmessages": "OutputMessage",
}
_ERRORS = ("phrasesnotfound", "fieldsnotfound")
_WARNINGS = ("phrasesignored", "quotedphrasesnotfound", "outputmessages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of a search: the ids of the page, and what the source made of the query.

    `errors` and `warnings` go by NCBI's names (`phrasesnotfound`, `outputmessages`, …). A list that is there and empty
    is a thing said: NCBI's JSON then has the group with empty lists.
    """

    count: int
    pmids: Sequence[str]
    start: int = 0
    query_key: str = ""
    web_env: str = ""
    translation: str = ""
    translations: Sequence[tuple[str, str]] = ()
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def search(found: Found, mode: str) -> Reply:
    """ESearch's answer. `retmax` is the number of ids sent, whatever was asked for."""
    return _reply(_search_json(found) if mode == "json" else _search_xml(found), mode)


def _search_json(found: Found) -> str:
    result: dict[str, Any] = {
        "count": str(found.count),
        "retmax": str(len(found.pmids)),
        "retstart": str(found.start),
    }
    if found.web_env:
        result |= {"querykey": found.query_key, "webenv": found.web_env}
    result |= {
        "idlist": list(found.pmids),
        "translationset": [{"from": sent, "to": to} for sent, to in found.translations],
        "querytranslation": found.translation,
    }
    if found.errors:
        result["errorlist"] = {name: list(found.errors.get(name, ())) for name in _ERRORS}
    if found.warnings:
        result["warninglist"] = {name: list(found.warnings.get(name, ())) for name in _WARNINGS}
    return _json("esearch", {"esearchresult": result})


def _search_xml(found: Found) -> str:
    history = f"<QueryKey>{found.query_key}</QueryKey><WebEnv>{found.web_env}</WebEnv>" if found.web_env else ""
    ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in found.pmids)
    translations = "".join(
        f"<Translation>     <From>{_text(sent)}</From>     <To>{_text(to)}</To>    </Translation>"
        for sent, to in found.translations
    )
    return (
        f"{_SEARCH_HEAD}<eSearchResult><Count>{found.count}</Count><RetMax>{len(found.pmids)}</RetMax>"
        f"<RetStart>{found.start}</RetStart>{history}"
        + (f"<IdList>\n{ids}</IdList>" if ids else "<IdList/>")
        + (f"<TranslationSet>{translations}</TranslationSet>" if translations else "<TranslationSet/>")
        + f"<QueryTranslation>{_text(found.translation)}</QueryTranslation>"
        + _told("ErrorList", _ERRORS, found.errors)
        + _told("WarningList", _WARNINGS, found.warnings)
        + "</eSearchResult>\n"
    )


def _told(name: str, kinds: Iterable[str], lists: Mapping[str, Sequence[str]]) -> str:
    told = "".join(
        f"<{_XML_NAMES[kind]}>{_text(text)}</{_XML_NAMES[kind]}>" for kind in kinds for text in lists.get(kind, ())
    )
    return f"<{name}>{told}</{name}>" if told else ""


def count(number: int, mode: str) -> Reply:
    """ESearch's answer to `rettype=count`, which has lost every diagnostic."""
    if mode == "json":
        return _reply(_json("esearch", {"esearchresult": {"count": str(number)}}), mode)
    return _reply(f"{_SEARCH_HEAD}<eSearchResult><Count>{number}</Count></eSearchResult>\n", mode)


PAST_WINDOW = (
    "Search Backend failed: Exception:\n'retstart' cannot be larger than 9998. For PubMed, ESearch can only retrieve the"
    " first 9,999 records matching the query. To obtain more than 9,999 PubMed records, consider using EDirect that"
    " contains additional logic to batch PubMed search results automatically so that an arbitrary number can be"
    " retrieved. For details see https://www.ncbi.nlm.nih.gov/books/NBK25499/"
)


def restrictions(start: int, number: int) -> str:
    """The notice of a page that the window cut short."""
    return f"Restrictions achieved. start and count adjusted to {start}, {number}"


def search_error(message: str, mode: str) -> Reply:
    """ESearch's error, with status 200. In JSON a line break of the message stays raw, so the body is no JSON."""
    if mode == "json":
        header = '{"header":{"type":"esearch","version":"0.3"},"esearchresult":{"ERROR":'
        return _reply(f"{header}{_raw_json(message)}}}}}\n", mode)
    return _reply(f"{_SEARCH_HEAD}<eSearchResult>\n\t<ERROR>{_text(message)}</ERROR>\n</eSearchResult>\n", mode)


# --- EPost and EInfo --------------------------------------------------------------------------------------------------

_POST_HEAD = _DECLARATION + _doctype("ePostResult", "epost", "20090526")


def posted(query_key: str, web_env: str, *, omitted: bool = False) -> Reply:
    """EPost's answer: where the ids are kept. `omitted` says that some of what was posted is no id."""
    error = f"\t<ERROR>{_OMITTED}</ERROR>\n" if omitted else ""
    body = f"<ePostResult>\n\t<QueryKey>{query_key}</QueryKey>\n\t<WebEnv>{web_env}</WebEnv>\n{error}</ePostResult>\n"
    return _reply(_POST_HEAD + body, "xml")


_OMITTED = "Some IDs have invalid value and were omitted. Maximum ID value 18446744073709551615"


def post_error(message: str = "") -> Reply:
    """EPost's error, with status 200; without a message it is that of an empty list, which is two."""
    if message:
        return _reply(f"{_POST_HEAD}\n<ePostResult>\n\t<ERROR>{_text(message)}</ERROR>\n</ePostResult>\n", "xml")
    errors = f"\t<ERROR>Empty ID list; Nothing to store</ERROR>\n\t<ERROR>{_OMITTED}</ERROR>"
    return _reply(f"{_POST_HEAD}<ePostResult>\n{errors}</ePostResult>\n", "xml")


# PubMed's fields as EInfo tells them: name, full name, then Y or N for date, numerical, single token, hierarchy, hidden.
_FIELDS = """
ALL|All Fields|NNNNN UID|UID|NYYNY FILT|Filter|NNYNN TITL|Title|NNNNN MESH|MeSH Terms|NNYYN MAJR|MeSH Major Topic|NNYYN
JOUR|Journal|NNYNN AFFL|Affiliation|NNNNN ECNO|EC/RN Number|NNYNN SUBS|Supplementary Concept|NNYNN
PDAT|Date - Publication|YNYNN EDAT|Date - Entry|YNYNN VOL|Volume|NNYNN PAGE|Pagination|NNYNN
PTYP|Publication Type|NNYYN LANG|Language|NNYNN ISS|Issue|NNYNN SUBH|MeSH Subheading|NNYYN
SI|Secondary Source ID|NNYNN MHDA|Date - MeSH|YNYNN TIAB|Title/Abstract|NNNNN OTRM|Other Term|NNNNN
COLN|Author - Corporate|NNNNN CNTY|Place of Publication|NNNNY PAPX|Pharmacological Action|NNYNN
GRNT|Grants and Funding|NNYNN MDAT|Date - Modification|YNYNN CDAT|Date - Completion|YNYNN PID|Publisher ID|NNYNY
FAUT|Author - First|NNYNN FULL|Author|NNYNN FINV|Investigator|NNYNN TT|Transliterated Title|NNNNN
LAUT|Author - Last|NNYNN PPDT|Print Publication Date|YNYNY EPDT|Electronic Publication Date|YNYNY
LID|Location ID|NNYNN CRDT|Date - Create|YNYNN BOOK|Book|NNYNN ED|Editor|NNYNN ISBN|ISBN|NNYNN PUBN|Publisher|NNYNN
AUCL|Author Cluster ID|NNYNY EID|Extended PMID|NNYNY DSO|DSO|NNNNY AUID|Author - Identifier|NNYNN
PS|Subject - Personal Name|NNYNN COIS|Conflict of Interest Statements|NNNNN WORD|Text Word|NNNNN P1DAT|P1DAT|YNYNY
"""
_FLAGS = ("IsDate", "IsNumerical", "SingleToken", "Hierarchy", "IsHidden")


def databases(mode: str) -> Reply:
    """EInfo's answer without a database: the one that is here."""
    if mode == "json":
        return _reply(_json("einfo", {"einforesult": {"dblist": ["pubmed"]}}), mode)
    return _info("<DbList>\n\n\t<DbName>pubmed</DbName>\n</DbList>\n")


def database(number: int, updated: str, mode: str) -> Reply:
    """EInfo's answer for PubMed: how many records are here, when they were loaded (2026/11/22 06:33), and its fields."""
    found = re.findall(r"(\w+)\|([^|]+)\|([YN]{5})\s", _FIELDS)
    facts = {
        "DbName": "pubmed",
        "MenuName": "PubMed",
        "Description": "PubMed bibliographic record",
        "DbBuild": f"Build-{re.sub('[/ :]', '.', updated)}",
        "Count": str(number),
        "LastUpdate": updated,
    }
    fields: list[dict[str, str]] = []
    for name, full, flags in found:
        base = {"Name": name, "FullName": full, "Description": full, "TermCount": ""}
        fields.append(base | dict(zip(_FLAGS, flags, strict=True)))
    if mode == "json":
        lists = {"fieldlist": [{k.lower(): v for k, v in f.items()} for f in fields], "linklist": []}
        info = {k.lower(): v for k, v in facts.items()} | lists
        return _reply(_json("einfo", {"einforesult": {"dbinfo": [info]}}), mode)
    listed = "".join(f"\t\t\t<Field>\n{_elements(f, 4)}\t\t\t</Field>\n" for f in fields)
    lists_xml = f"\t\t<FieldList>\n{listed}\t\t</FieldList>\n\t\t<LinkList></LinkList>\n"
    return _info(f"\t<DbInfo>\n{_elements(facts, 2)}{lists_xml}\t</DbInfo>\n")


def database_error(name: str, mode: str) -> Reply:
    """EInfo's error for a database that is not here."""
    message = f"Can not retrieve DbInfo for db={name}"
    if mode == "json":
        return _reply(_json("einfo", {"einforesult": {"ERROR": message}}), mode)
    return _info(f"\t<ERROR>{_text(message)}</ERROR>\n")


def _info(content: str) -> Reply:
    head = _DECLARATION + _doctype("eInfoResult", "einfo", "20190110")
    return _reply(f"{head}\n<eInfoResult>\n{content}\n</eInfoResult>\n", "xml")


def _elements(values: Mapping[str, str], depth: int) -> str:
    tabs = "\t" * depth
    return "".join(f"{tabs}<{name}>{_text(value)}</{name}>\n" for name, value in values.items())


# --- ESummary ---------------------------------------------------------------------------------------------------------

_SUMMARY_HEADS = {
    "1.0": _doctype("eSummaryResult", "esummary v1", "20041029", "esummary-v1"),
    "2.0": _doctype("eSummaryResult", "esummary pubmed", "20200107", "esummary_pubmed"),
}
_CANNOT = "cannot get document summary"
_RECORD_STATUS = {
    "MEDLINE": "PubMed - indexed for MEDLINE",
    "OLDMEDLINE": "PubMed - OLDMEDLINE",
    "Publisher": "PubMed - as supplied by publisher",
    "In-Process": "PubMed - in process",
    "In-Data-Review": "PubMed - in process",
}
_PUB_STATUS = {"epublish": "3", "ppublish": "4", "aheadofprint": "10"}
_ID_NUMBERS = {"pubmed": 1, "doi": 3, "pii": 4, "pmc": 8, "mid": 9}
_LANGUAGES = {"eng": "English", "ger": "German", "fre": "French", "spa": "Spanish", "jpn": "Japanese", "chi": "Chinese"}
# The names of ESummary 2.0 in XML where lower case is not the whole difference from JSON.
_XML_SUMMARY = [
    "PubDate",
    "EPubDate",
    "Source",
    "Authors",
    "LastAuthor",
    "Title",
    "SortTitle",
    "Volume",
    "Issue",
    "Pages",
    "Lang",
    "NlmUniqueID",
    "ISSN",
    "ESSN",
    "PubType",
    "RecordStatus",
    "PubStatus",
    "ArticleIds",
    "History",
    "References",
    "Attributes",
    "PmcRefCount",
    "FullJournalName",
    "ELocationID",
    "DocType",
    "SrcContribList",
    "BookTitle",
    "Medium",
    "Edition",
    "PublisherLocation",
    "PublisherName",
    "SrcDate",
    "ReportNumber",
    "AvailableFromURL",
    "LocationLabel",
    "DocContribList",
    "DocDate",
    "BookName",
    "Chapter",
    "SortPubDate",
    "SortFirstAuthor",
    "VernacularTitle",
]


def summaries(articles: Mapping[str, Article | None], mode: str, version: str = "1.0") -> Reply:
    """ESummary's answer for ids in their order; None stands for an id that is not known.

    `version` is of XML ("1.0" unless asked otherwise); JSON is always 2.0 and takes 500 ids at most.
    """
    if mode == "json":
        if len(articles) > MAX_SUMMARIES_IN_JSON:
            return too_many_summaries()
        documents: dict[str, Any] = {pmid: _summary(a) if a else _unknown(pmid) for pmid, a in articles.items()}
        return _reply(_json("esummary", {"result": {"uids": list(articles), **documents}}), mode)
    if version == "2.0":
        content = "".join(_summary_v2(pmid, article) for pmid, article in articles.items())
        content = (
            f'<DocumentSummarySet status="OK">\n<DbBuild>Build-local</DbBuild>\n\n{content}</DocumentSummarySet>\n'
        )
    else:
        content = "".join(_summary_v1(article) for article in articles.values() if article)
        missing = [pmid for pmid, article in articles.items() if article is None]
        content += "".join(f"\t<ERROR>UID={pmid}: {_CANNOT}</ERROR>\n" for pmid in missing)
    return _summary_xml(content, version)


def _summary_xml(content: str, version: str = "1.0") -> Reply:
    head = _SUMMARY_HEADS.get(version, _SUMMARY_HEADS["1.0"])
    return _reply(f"{_DECLARATION}{head}\n<eSummaryResult>\n{content}\n</eSummaryResult>\n", "xml")


def too_many_summaries() -> Reply:
    """F23: no `result`, and status 200."""
    message = "Too many UIDs in request. Maximum number of UIDs is 500 for JSON format output."
    return _reply(_json("esummary", {"error": message}), "json")


def summary_error(message: str, mode: str, version: str = "1.0") -> Reply:
    """ESummary's error as a whole, with status 200."""
    if mode == "json":
        return _reply(_json("esummary", {"error": message}), mode)
    return _summary_xml(f"\t<ERROR>{_text(message)}</ERROR>", version)


def _unknown(pmid: str) -> dict[str, str]:
    return {"uid": pmid, "error": _CANNOT}


def _minutes(day: str) -> str:
    return f"{day.replace('-', '/')} 00:00"


_HISTORY_NAMES = {"CRDT": "entrez", "EDAT": "pubmed", "MHDA": "medline"}


def _history(article: Article) -> list[tuple[str, str]]:
    named = ((_HISTORY_NAMES.get(n, n), day) for n, day in article.dates.items() if n not in {"DCOM", "LR"})
    return [(name, _minutes(day)) for name, day in named]


def _ids(article: Article) -> list[tuple[str, str]]:
    ids = (
        ("pubmed", article.pmid),
        ("doi", article.doi),
        ("pii", article.pii),
        ("pmc", article.pmcid),
        ("mid", article.manuscript_id),
    )
    return [(kind, value) for kind, value in ids if value]


def _printed_day(day: str) -> str:
    if not day:
        return ""
    year, month, number = day.split("-")
    return f"{year} {MONTHS[int(month) - 1]} {int(number)}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sort_date(article: Article) -> str:
    """Returns the day of publication as NCBI sorts by it, 2020/03/01 00:00: what is not printed is 1 (January)."""
    year, month, day = published_day(article)
    return f"{year:04d}/{month:02d}/{day:02d} 00:00"


def published_day(article: Article) -> tuple[int, int, int]:
    """Returns year, month and day of publication as printed; what is not printed is 1, and an unknown year 0."""
    found = re.match(r"([12]\d{3})(?: ([A-Za-z]{3,}|\d{1,2}))?(?:-\S+)?(?: (\d{1,2})\b)?", article.published)
    if not found:
        year_only = re.search(r"\b[12]\d{3}\b", article.published)
        return int(year_only[0]) if year_only else 0, 1, 1
    month = found[2] or ""
    seasons = {"Spring": 3, "Summer": 6, "Autumn": 9, "Fall": 9, "Winter": 12}
    number = int(month) if month.isdigit() else seasons.get(month) or _month(month)
    return int(found[1]), min(max(number, 1), 12), int(found[3] or 1)


def _month(name: str) -> int:
    return MONTHS.index(name[:3].title()) + 1 if name[:3].title() in MONTHS else 1


def _location(article: Article) -> str:
    if article.doi:
        return f"doi: {article.doi}"
    return f"pii: {article.pii}" if article.pii else ""


def _summary(article: Article) -> dict[str, Any]:
    """The 43 keys of ESummary 2.0; it has neither abstract nor headings, and books have no source."""
    journal = "" if article.is_book else article.journal_abbreviation or article.journal
    names = [person.name for person in article.authors if person.name]
    kinds = ["CollectiveName" if person.collective else "Author" for person in article.authors if person.name]
    chapter = article.title if article.is_book and article.title != article.book_title else ""
    return {
        "uid": article.pmid,
        "pubdate": article.published,
        "epubdate": _printed_day(article.published_electronically),
        "source": journal,
        "authors": [{"name": n, "authtype": k, "clusterid": ""} for n, k in zip(names, kinds, strict=True)],
        "lastauthor": names[-1] if names else "",
        "title": "" if article.is_book and not chapter else article.title,
        "sorttitle": re.sub(r"^(the|an|a) ", "", article.title.lower().strip("[]. ")),
        "volume": article.volume,
        "issue": article.issue,
        "pages": article.pages,
        "lang": list(article.languages),
        "nlmuniqueid": article.journal_id,
        "issn": article.issns[0] if article.issns else "",
        "essn": article.issns[1] if len(article.issns) > 1 else "",
        "pubtype": list(article.publication_types),
        "recordstatus": _RECORD_STATUS.get(article.status, "PubMed"),
        "pubstatus": _PUB_STATUS.get(article.publication_status, ""),
        "articleids": [{"idtype": k, "idtypen": _ID_NUMBERS[k], "value": value} for k, value in _ids(article)],
        "history": [{"pubstatus": name, "date": date} for name, date in _history(article)],
        "references": [
            {"refsource": link.citation, "reftype": link.kind, "pmid": int(link.pmid or 0), "note": ""}
            for link in article.links
        ],
        "attributes": ["Has Abstract"] if article.abstract else [],
        "pmcrefcount": "",
        "fulljournalname": "" if article.is_book else article.journal,
        "elocationid": _location(article),
        "doctype": ("chapter" if chapter else "book") if article.is_book else "citation",
        "srccontriblist": [],
        "booktitle": article.book_title,
        "medium": "",
        "edition": "",
        "publisherlocation": article.country if article.is_book else "",
        "publishername": article.publisher,
        "srcdate": "",
        "reportnumber": "",
        "availablefromurl": "",
        "locationlabel": "",
        "doccontriblist": [],
        "docdate": "",
        "bookname": "",
        "chapter": "",
        "sortpubdate": sort_date(article),
        "sortfirstauthor": names[0] if names else "",
        "vernaculartitle": article.vernacular_title,
    }


def _summary_v2(pmid: str, article: Article | None) -> str:
    if article is None:
        return f'<DocumentSummary uid="{pmid}">\n\t<error>{_CANNOT}</error>\n</DocumentSummary>\n\n'
    values = _summary(article)
    lines = "".join(f"\t<{name}>{_value_v2(name, values[name.lower()])}</{name}>\n" for name in _XML_SUMMARY)
    return f'<DocumentSummary uid="{pmid}">\n{lines}</DocumentSummary>\n\n'


# In XML, the name of each item of a list and of its parts; the JSON's names are these in lower case.
_ITEMS_V2 = {
    "Authors": ("Author", ("Name", "AuthType", "ClusterID")),
    "ArticleIds": ("ArticleId", ("IdType", "IdTypeN", "Value")),
    "History": ("PubMedPubDate", ("PubStatus", "Date")),
    "References": ("Reference", ("RefSource", "RefType", "PMID", "Note")),
}


def _value_v2(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return _text(str(value))
    if name not in _ITEMS_V2:
        item = "string" if name == "Lang" else "flag"
        return "".join(f"\n\t\t<{item}>{_text(text)}</{item}>" for text in value) + ("\n\t" if value else "")
    item, parts = _ITEMS_V2[name]
    items = (_elements({part: str(entry[part.lower()]) for part in parts}, 3) for entry in value)
    return "".join(f"\n\t\t<{item}>\n{text}\t\t</{item}>" for text in items) + ("\n\t" if value else "")


def _summary_v1(article: Article) -> str:
    values = _summary(article)
    names = [author["name"] for author in values["authors"]]
    items = [
        _item("PubDate", "Date", values["pubdate"]),
        _item("EPubDate", "Date", values["epubdate"]),
        _item("Source", "String", values["source"]),
        _items("AuthorList", [("Author", "String", name) for name in names]),
        _item("LastAuthor", "String", values["lastauthor"]),
        _item("Title", "String", article.title),
        _item("Volume", "String", article.volume),
        _item("Issue", "String", article.issue),
        _item("Pages", "String", article.pages),
        _items("LangList", [("Lang", "String", _LANGUAGES.get(lang, lang)) for lang in article.languages]),
        _item("NlmUniqueID", "String", article.journal_id),
        _item("ISSN", "String", values["issn"]),
        _item("ESSN", "String", values["essn"]),
        _items("PubTypeList", [("PubType", "String", kind) for kind in article.publication_types]),
        _item("RecordStatus", "String", values["recordstatus"]),
        _item("PubStatus", "String", article.publication_status),
        _items("ArticleIds", [(kind, "String", value) for kind, value in _ids(article)]),
        *([_item("DOI", "String", article.doi)] if article.doi else []),
        _items("History", [(name, "Date", date) for name, date in _history(article)]),
        _items("References", []),
        _item("HasAbstract", "Integer", "1" if article.abstract else "0"),
        _item("PmcRefCount", "Integer", "0"),
        _item("FullJournalName", "String", values["fulljournalname"]),
        _item("ELocationID", "String", values["elocationid"]),
        _item("SO", "String", issue_line(article)),
    ]
    return f"<DocSum>\n\t<Id>{article.pmid}</Id>\n{''.join(items)}</DocSum>\n\n"


def _item(name: str, kind: str, value: str, tabs: str = "\t") -> str:
    return f'{tabs}<Item Name="{name}" Type="{kind}">{_text(value)}</Item>\n'


def _items(name: str, items: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(_item(*item, tabs="\t\t") for item in items)
    return f'\t<Item Name="{name}" Type="List">' + (f"\n{inner}\t" if inner else "") + "</Item>\n"


# --- EFetch -----------------------------------------------------------------------------------------------------------


def articles_xml(records: Sequence[bytes]) -> Reply:
    """EFetch's set of records, each as its own bytes; ids that are not known leave no trace."""
    content = b"".join([b"\n", *(record + b"\n" for record in records)]) if records else b""
    body = SET_HEAD.encode() + b"<PubmedArticleSet>" + content + b"</PubmedArticleSet>"
    return Reply(headers={"Content-Type": _TYPES["xml"]}, body=body)


def articles_medline(articles: Iterable[Article]) -> Reply:
    """EFetch's `rettype=medline`: a blank line in front of each record."""
    body = b"".join(b"\n" + write_medline(article) for article in articles)
    return Reply(headers={"Content-Type": _TEXT}, body=body)


def articles_abstract(articles: Iterable[Article]) -> Reply:
    """EFetch's `rettype=abstract` in text, numbered."""
    parts = ("\n\n".join(_abstract(number, article)) for number, article in enumerate(articles, start=1))
    return _reply("\n\n\n".join(parts) + "\n", _TEXT)


def _abstract(number: int, article: Article) -> Iterable[str]:
    source = source_line(article) or f"{article.book_title}. {article.published}."
    yield f"{number}. {source}"
    yield article.title
    if names := [person.name for person in article.authors if person.name]:
        yield ", ".join(names) + "."
    yield from (f"{s.label}: {s.text}" if s.label else s.text for s in article.abstract)
    if article.copyright:
        yield article.copyright
    ids = [f"DOI: {article.doi}"] if article.doi else []
    ids += [f"PMCID: {article.pmcid}"] if article.pmcid else []
    indexed = " [Indexed for MEDLINE]" if article.status == "MEDLINE" else ""
    yield "\n".join([*ids, f"PMID: {article.pmid}{indexed}"])


def uids(pmids: Sequence[str], mode: str) -> Reply:
    """EFetch's `rettype=uilist`, in text one a line; also what it answers to `retmode=json`, which it does not know."""
    if mode == "xml":
        listed = "".join(f"<Id>{pmid}</Id>\n" for pmid in pmids)
        return _reply(f'<?xml version="1.0" ?>\n<IdList>\n{listed}</IdList>\n', mode)
    return _reply("".join(f"{pmid}\n" for pmid in pmids), _TEXT)


_FETCH_HEAD = _DECLARATION + _doctype("eFetchResult", "efetch", "20131226").replace("eFetchResult", "eEfetchResult", 1)


def fetch_error(message: str, mode: str = "xml", status: int = 400) -> Reply:
    """EFetch's error; as text the spaces are plus signs."""
    if mode != "xml":
        return _reply(message.replace(" ", "+"), _TEXT, status)
    return _reply(f"{_FETCH_HEAD}\n<eFetchResult>\n\t<ERROR>{_text(message)}</ERROR>\n</eFetchResult>\n", mode, status)


NO_IDS = "ID list is empty! Possibly it has no correct IDs."
PAST_WINDOW_IN_HISTORY = PAST_WINDOW.partition("\n")[2]


def out_of_range(start: int, number: int) -> str:
    """F07: a page that begins after the last record of a history."""
    return (
        f"Cannot retrieve history data: OUT OF RANGE. Parameter retstart={start} + 1 is greater than number of records"
        f" available in history. History includes {number} IDs."
    )


def unknown_query(key: str) -> str:
    """F08: a history that is not, or no longer, known."""
    return f"Unable to obtain query #{key}"


# --- what goes wrong whatever is asked --------------------------------------------------------------------------------


def rate_exceeded(address: str, number: int, limit: int) -> Reply:
    """F01: 429; the `api-key` told is the address of who asked without one."""
    told = {"error": "API rate limit exceeded", "api-key": address, "count": str(number), "limit": str(limit)}
    body = json.dumps(told, separators=(",", ":"))
    return _reply(body, "json", 429, **{"Retry-After": "2"})


def key_invalid(key: str) -> Reply:
    """F02: 400, with the key in the answer."""
    told = {"error": "API key invalid", "api-key": key, "type": "invalid", "status": "unknown"}
    return _reply(json.dumps(told, separators=(",", ":")), "json", 400)


def backend_down(mode: str) -> Reply:
    """F04: the outage of 2025-07-04."""
    return search_error("Search Backend failed: Database is not supported: pubmed", mode)


def viewer_timeout() -> Reply:
    """F09: 400, yet it passes."""
    return fetch_error(" Error: External viewer error: Empty Response. Bytes read: 0 Status: Timeout")


def backend_page() -> Reply:
    """F11: 400 around the error page of a backend."""
    page = "<html><head><title>502 Bad Gateway</title></head><body>proxy_stream(): Failed to connect to PubOne service"
    return fetch_error(f"Error: External viewer error: {page}</body></html>")


def prolog_only(utility: str) -> Reply:
    """F14: XML that ends where its root should begin."""
    heads = {
        "esearch": _SEARCH_HEAD,
        "epost": _POST_HEAD,
        "efetch": SET_HEAD,
        "esummary": f"{_DECLARATION}{_SUMMARY_HEADS['1.0']}",
        "einfo": _DECLARATION + _doctype("eInfoResult", "einfo", "20190110"),
        "elink": _LINK_HEAD,
    }
    return _reply(heads.get(utility, _DECLARATION).rstrip("\n") + "\n", "xml")


def empty_body(mode: str) -> Reply:
    """F15."""
    return _reply("", mode if mode in _TYPES else _TEXT)


def html_page() -> Reply:
    """F16: a page for people, with status 200."""
    return _reply(
        "<!DOCTYPE html>\n<html><head><title>NCBI - Maintenance</title></head>"
        "<body><h1>The service is being maintained</h1></body></html>\n",
        _HTML,
    )


def diagnostic_page() -> Reply:
    """F17: 500."""
    title = "NCBI/eutils202 - WWW Error 500 Diagnostic"
    return _reply(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n", _HTML, 500)


def bad_gateway(status: int = 502) -> Reply:
    """F18: 502 or 503, as for requests that are too large."""
    title = {502: "502 Bad Gateway", 503: "503 Service Unavailable"}[status]
    return _reply(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n", _HTML, status)


def uri_too_long() -> Reply:
    """F19: 414; the same as POST would be answered."""
    title = "414 Request-URI Too Long"
    return _reply(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n", _HTML, 414)


def not_found(path: str) -> Reply:
    """404 for what is no utility."""
    page = f"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>{escape(path)}</body></html>\n"
    return _reply(page, _HTML, 404)


def summaries_failed() -> Reply:
    """F25: a set that is OK and holds a comment only."""
    comment = "<!-- DocSum Backend failed: the backend is busy -->"
    return _summary_xml(f'<DocumentSummarySet status="OK">{comment}</DocumentSummarySet>', "2.0")


def summary_exception(mode: str) -> Reply:
    """F28."""
    return summary_error("NCBI C++ Exception: Error: EUTILSAPP(eutils::CEutilsException::eBackend)", mode)


_LINK_HEAD = _DECLARATION + _doctype("eLinkResult", "elink", "20101123") + "\n"


def link_error(message: str, mode: str) -> Reply:
    """ELink's error, with status 200; in JSON a line break stays raw (F27)."""
    if mode == "json":
        header = '{"header":{"type":"elink","version":"0.3"},"linksets":[],"ERROR":'
        return _reply(f"{header}{_raw_json(message)}}}\n", mode)
    return _reply(f"{_LINK_HEAD}<eLinkResult>\n\t<ERROR>{_text(message)}</ERROR>\n</eLinkResult>\n", mode)


NO_ADDRESS = "Couldn't resolve #exLinkSrv2, the address table is empty."
LINK_EXCEPTION = "NCBI C++ Exception:\n    Error: TXCLIENT(CException::eUnknown)"


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Returns a reply with further headers."""
    return replace(reply, headers={**reply.headers, **headers})
