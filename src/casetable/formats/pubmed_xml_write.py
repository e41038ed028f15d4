"""Writes an article as PubMed's XML, for records that came in another form; `read_article` reads it back equal.

Structure and order: NLM's pubmed_250101.dtd. Attributes that an article does not hold (UI, Version of a revision) are
left out or at their default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, zip_longest
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from casetable.formats.pubmed_xml import parsed_whole
from casetable.model.article import Article, Heading, Person, Section

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STATUS = {"CRDT": "entrez", "EDAT": "pubmed", "MHDA": "medline"}


def write_article(article: Article) -> bytes:
    """Returns an article as a PubmedArticle, or a book as a PubmedBookArticle, in one line of UTF-8."""
    return "".join(_book(article) if article.is_book else _journal_article(article)).encode()


def _text(text: str) -> str:
    return escape(_UNPRINTABLE.sub("", text))


def _tag(name: str, text: str, **attributes: str) -> str:
    """An element with a text, or nothing where there is none."""
    return f"<{name}{_attributes(attributes)}>{_text(text)}</{name}>" if text else ""


def _around(name: str, parts: Iterable[str], **attributes: str) -> str:
    """An element around its parts, or nothing where there are none."""
    content = "".join(parts)
    return f"<{name}{_attributes(attributes)}>{content}</{name}>" if content else ""


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_UNPRINTABLE.sub('', value))}" for name, value in attributes.items() if value)


def _journal_article(article: Article) -> Iterator[str]:
    citation = {"Status": article.status, "IndexingMethod": article.indexing, "Owner": article.owner}
    yield f"<PubmedArticle><MedlineCitation{_attributes(citation)}>"
    yield _tag("PMID", article.pmid, Version="1")
    yield _date("DateCompleted", article.dates.get("DCOM", ""))
    yield _date("DateRevised", article.dates.get("LR", ""))
    yield '<Article PubModel="Print">'
    yield from _journal(article)
    yield f"<ArticleTitle>{_text(article.title)}</ArticleTitle>"
    yield _around("Pagination", [_tag("MedlinePgn", article.pages)])
    yield _tag("ELocationID", article.doi, EIdType="doi", ValidYN="Y")
    yield _abstract(article)
    yield _people("AuthorList", "Author", article.authors, CompleteYN="Y" if article.is_author_list_complete else "N")
    yield from (_tag("Language", language) for language in article.languages)
    yield _around("DataBankList", _databanks(article.databanks), CompleteYN="Y")
    grants = (_around("Grant", [_tag("GrantID", number), "<Agency/>"]) for number in article.grants)
    yield _around("GrantList", grants, CompleteYN="Y")
    yield _around("PublicationTypeList", (_tag("PublicationType", kind) for kind in article.publication_types))
    yield _tag("VernacularTitle", article.vernacular_title)
    yield _date("ArticleDate", article.published_electronically, DateType="Electronic")
    yield "</Article>"
    abbreviation = article.journal_abbreviation or article.journal
    yield _around(
        "MedlineJournalInfo",
        [
            _tag("Country", article.country),
            _tag("MedlineTA", article.journal_abbreviation),
            _tag("NlmUniqueID", article.journal_id),
            _tag("ISSNLinking", article.issns[-1] if article.issns else ""),
        ],
    ) or (f"<MedlineJournalInfo>{_tag('MedlineTA', abbreviation)}</MedlineJournalInfo>" if abbreviation else "")
    yield _around("ChemicalList", _chemicals(article))
    yield _around("SupplMeshList", (_tag("SupplMeshName", name) for name in article.supplementary_concepts))
    yield from (_tag("CitationSubset", subset) for subset in article.subsets)
    links = (
        _around(
            "CommentsCorrections",
            [_tag("RefSource", k.citation) or "<RefSource/>", _tag("PMID", k.pmid)],
            RefType=k.kind,
        )
        for k in article.links
    )
    yield _around("CommentsCorrectionsList", links)
    yield _around("MeshHeadingList", map(_heading, article.headings))
    for (kind, language), sections in groupby(article.other_abstracts, key=lambda s: (s.kind, s.language)):
        yield _around("OtherAbstract", map(_section, sections), Type=kind, Language=language)
    yield _keywords(article)
    yield _tag("CoiStatement", article.conflict_of_interest)
    yield _people("InvestigatorList", "Investigator", article.investigators)
    yield "</MedlineCitation><PubmedData>"
    yield _history(article)
    yield _tag("PublicationStatus", article.publication_status)
    ids = {
        "pubmed": article.pmid,
        "doi": article.doi,
        "pii": article.pii,
        "pmc": article.pmcid,
        "mid": article.manuscript_id,
    }
    yield _around("ArticleIdList", (_tag("ArticleId", value, IdType=kind) for kind, value in ids.items()))
    yield "</PubmedData></PubmedArticle>"


def _book(article: Article) -> Iterator[str]:
    yield "<PubmedBookArticle><BookDocument>"
    yield _tag("PMID", article.pmid, Version="1")
    ids = {"pubmed": article.pmid, "doi": article.doi, "pmc": article.pmcid}
    yield _around("ArticleIdList", (_tag("ArticleId", value, IdType=kind) for kind, value in ids.items()))
    yield "<Book>"
    publisher = [_tag("PublisherName", article.publisher), _tag("PublisherLocation", article.country)]
    yield _around("Publisher", publisher)
    yield f"<BookTitle>{_text(article.book_title)}</BookTitle>"
    yield _published(article.published)
    yield _people("AuthorList", "Author", article.editors, Type="editors", CompleteYN="Y")
    yield _tag("Volume", article.volume)
    yield from (_tag("Isbn", isbn) for isbn in article.isbns)
    yield "</Book>"
    yield _tag("ArticleTitle", article.title if article.title != article.book_title else "")
    yield _tag("VernacularTitle", article.vernacular_title)
    yield _around("Pagination", [_tag("MedlinePgn", article.pages)])
    yield from (_tag("Language", language) for language in article.languages)
    is_complete = "Y" if article.is_author_list_complete else "N"
    yield _people("AuthorList", "Author", article.authors, Type="authors", CompleteYN=is_complete)
    yield from (_tag("PublicationType", kind) for kind in article.publication_types)
    yield _abstract(article)
    yield _keywords(article)
    yield _date("ContributionDate", article.published_electronically)
    yield _date("DateRevised", article.dates.get("LR", ""))
    yield "</BookDocument><PubmedBookData>"
    yield _history(article)
    yield _tag("PublicationStatus", article.publication_status)
    yield _around("ArticleIdList", [_tag("ArticleId", article.pmid, IdType="pubmed")])
    yield "</PubmedBookData></PubmedBookArticle>"


def _journal(article: Article) -> Iterator[str]:
    yield "<Journal>"
    # An article does not say of what kind its ISSNs are; the last one is read from ISSNLinking.
    yield from (_tag("ISSN", issn, IssnType="Print") for issn in article.issns[:-1])
    yield '<JournalIssue CitedMedium="Internet">'
    yield _tag("Volume", article.volume)
    yield _tag("Issue", article.issue)
    yield _published(article.published)
    yield "</JournalIssue>"
    yield _tag("Title", article.journal)
    yield _tag("ISOAbbreviation", article.journal_abbreviation)
    yield "</Journal>"


_PRINTED = re.compile(
    r"([12]\d{3})(?: (?:(Spring|Summer|Autumn|Fall|Winter)|([A-Z][a-z]{2}|0?[1-9]|1[0-2])(?: (\d{1,2}))?))?"
)


def _published(printed: str) -> str:
    found = _PRINTED.fullmatch(printed)
    if not found:
        return _around("PubDate", [_tag("MedlineDate", printed)])
    year, season, month, day = (part or "" for part in found.groups())
    parts = (_tag("Year", year), _tag("Season", season), _tag("Month", month), _tag("Day", day))
    return _around("PubDate", parts)


def _date(name: str, day: str, **attributes: str) -> str:
    parts = day.split("-")
    if len(parts) != 3:
        return ""
    return _around(name, map(_tag, ("Year", "Month", "Day"), parts), **attributes)


def _history(article: Article) -> str:
    dates = ((_STATUS.get(name, name), day) for name, day in article.dates.items() if name not in {"DCOM", "LR"})
    return _around("History", (_date("PubMedPubDate", day, PubStatus=status) for status, day in dates))


def _section(section: Section) -> str:
    return _tag("AbstractText", section.text, Label=section.label)


def _abstract(article: Article) -> str:
    return _around("Abstract", [*map(_section, article.abstract), _tag("CopyrightInformation", article.copyright)])


def _people(name: str, tag: str, people: tuple[Person, ...], **attributes: str) -> str:
    if not people and attributes.get("CompleteYN") == "N":
        return f"<{name}{_attributes(attributes)}/>"
    return _around(name, (_around(tag, _person(person), ValidYN="Y") for person in people), **attributes)


def _person(person: Person) -> Iterator[str]:
    yield _tag("LastName", person.last)
    yield _tag("ForeName", person.fore)
    yield _tag("Initials", person.initials)
    yield _tag("Suffix", person.suffix)
    yield _tag("CollectiveName", person.collective)
    yield from (_tag("Identifier", identifier, Source="ORCID") for identifier in person.identifiers)
    yield from (_around("AffiliationInfo", [_tag("Affiliation", text)]) for text in person.affiliations)


def _heading(heading: Heading) -> str:
    on_name = heading.is_major and not any(major for _, major in heading.qualifiers)
    parts = [_tag("DescriptorName", heading.name, MajorTopicYN="Y" if on_name else "N")]
    parts += [_tag("QualifierName", name, MajorTopicYN="Y" if major else "N") for name, major in heading.qualifiers]
    return _around("MeshHeading", parts)


def _chemicals(article: Article) -> Iterator[str]:
    for number, name in zip_longest(article.registry_numbers, article.substances, fillvalue=""):
        yield f"<Chemical><RegistryNumber>{_text(number)}</RegistryNumber>"
        yield f"<NameOfSubstance>{_text(name)}</NameOfSubstance></Chemical>"


def _databanks(databanks: tuple[str, ...]) -> Iterator[str]:
    pairs = [tuple(text.partition("/")[::2]) for text in databanks]
    for bank, numbers in groupby(pairs, key=lambda pair: pair[0]):
        accessions = _around("AccessionNumberList", (_tag("AccessionNumber", number) for _, number in numbers))
        yield _around("DataBank", [_tag("DataBankName", bank), accessions])


def _keywords(article: Article) -> str:
    keywords = (_tag("Keyword", keyword, MajorTopicYN="N") for keyword in article.keywords)
    return _around("KeywordList", keywords, Owner="NOTNLM")


# --- a record of PubMed's with some fields from elsewhere -------------------------------------------------------------

SET_HEAD = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"'
    ' "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
HEAD = f"{SET_HEAD}<PubmedArticleSet>\n"
END = "</PubmedArticleSet>\n"

_BEHIND_ARTICLE = (
    "Journal",
    "ArticleTitle",
    "Pagination",
    "ELocationID",
    "Abstract",
    "AuthorList",
    "Language",
    "DataBankList",
    "GrantList",
    "PublicationTypeList",
    "VernacularTitle",
    "ArticleDate",
)
_BEHIND_CITATION = ("KeywordList", "CoiStatement", "SpaceFlightMission", "InvestigatorList", "GeneralNote")
_BEHIND_BOOK = (
    "ArticleTitle",
    "VernacularTitle",
    "Pagination",
    "Language",
    "AuthorList",
    "InvestigatorList",
    "PublicationType",
    "Abstract",
    "Sections",
    "KeywordList",
    "ContributionDate",
    "DateRevised",
    "GrantList",
    "ItemList",
    "ReferenceList",
)
# Where a field stands in a record, and the order that the DTD gives to it and its siblings.
_PLACES: dict[str, dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "PubmedArticle": {
        "abstract": ("MedlineCitation/Article", "Abstract", _BEHIND_ARTICLE),
        "authors": ("MedlineCitation/Article", "AuthorList", _BEHIND_ARTICLE),
        "pages": ("MedlineCitation/Article", "Pagination", _BEHIND_ARTICLE),
        "doi": ("MedlineCitation/Article", "ELocationID", _BEHIND_ARTICLE),
        "languages": ("MedlineCitation/Article", "Language", _BEHIND_ARTICLE),
        "volume": ("MedlineCitation/Article/Journal/JournalIssue", "Volume", ("Volume", "Issue", "PubDate")),
        "issue": ("MedlineCitation/Article/Journal/JournalIssue", "Issue", ("Issue", "PubDate")),
        "keywords": ("MedlineCitation", "KeywordList", _BEHIND_CITATION),
    },
    "PubmedBookArticle": {
        "abstract": ("BookDocument", "Abstract", _BEHIND_BOOK),
        "authors": ("BookDocument", "AuthorList", _BEHIND_BOOK),
        "pages": ("BookDocument", "Pagination", _BEHIND_BOOK),
        "languages": ("BookDocument", "Language", _BEHIND_BOOK),
        "keywords": ("BookDocument", "KeywordList", _BEHIND_BOOK),
    },
}
# The fields that a record of PubMed's takes from elsewhere.
AMENDABLE = frozenset(_PLACES["PubmedArticle"]) | {"pmcid"}


def amend_article(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns a record of PubMed's with some fields of `AMENDABLE` as an article has them; the rest stays as it is."""
    record = parsed_whole(text)
    places = _PLACES.get(record.tag, {})
    for field in fields:
        if field == "pmcid" and (ids := record.find("PubmedData/ArticleIdList")) is not None:
            ElementTree.SubElement(ids, "ArticleId", IdType="pmc").text = article.pmcid
        if field not in places:
            continue
        path, tag, order = places[field]
        parent = record.find(path)
        new = _elements(article, field)
        if parent is None or not new:
            continue
        for element in parent.findall(tag) if field != "doi" else ():
            parent.remove(element)
        behind = order[order.index(tag) + 1 :]
        at = next((at for at, element in enumerate(parent) if element.tag in behind), len(parent))
        parent[at:at] = new
    return ElementTree.tostring(record, encoding="unicode")


def _elements(article: Article, field: str) -> list[ElementTree.Element]:
    """Returns the elements of a field of a journal's article, which a book has alike."""
    written = ElementTree.fromstring(write_article(replace(article, is_book=False)))  # noqa: S314  # written here
    path, tag, _ = _PLACES["PubmedArticle"][field]
    return written.findall(f"{path}/{tag}")
