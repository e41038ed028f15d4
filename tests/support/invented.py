"""Invented PubMed records in any number, as PubMed's XML, from a seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

WORDS = [
    "lung",
    "skin",
    "fever",
    "drug",
    "dose",
    "cell",
    "case",
    "girl",
    "boy",
    "rash",
    "renal",
    "liver",
    "rapid",
    "acute",
    "rare",
    "novel",
    "severe",
    "mild",
    "onset",
]
WORDS += [
    "antibody",
    "muscle",
    "biopsy",
    "ferritin",
    "plasma",
    "exchange",
    "cohort",
    "response",
    "imaging",
    "outcome",
    "steroid",
    "oxygen",
]
HEAD = (
    b'<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"'
    b' "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
TAIL = b"</PubmedArticleSet>\n"


def text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words)).capitalize()


def record_xml(pmid: int, chance: random.Random, first: dt.date, days: int) -> bytes:
    """One invented record with markup, a structured abstract, authors with affiliations, MeSH, ids and references."""
    day = first + dt.timedelta(days=chance.randrange(days))
    date = f"<Year>{day.year}</Year><Month>{day.month}</Month><Day>{day.day}</Day>"
    history = "".join(f'<PubMedPubDate PubStatus="{s}">{date}</PubMedPubDate>' for s in ("pubmed", "medline", "entrez"))
    authors = "".join(
        f'<Author ValidYN="Y"><LastName>{chance.choice(WORDS).title()}</LastName><ForeName>{chance.choice(WORDS).title()}'
        f"</ForeName><Initials>{chance.choice('ABCDE')}</Initials><AffiliationInfo><Affiliation>Department of "
        f"{text(chance, 8)}.</Affiliation></AffiliationInfo></Author>"
        for _ in range(5)
    )
    abstract = "".join(
        f'<AbstractText Label="{label}" NlmCategory="{label}">{text(chance, 55)} with <i>{chance.choice(WORDS)}</i> and '
        f"CO<sub>2</sub> {text(chance, 20)}.</AbstractText>"
        for label in ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
    )
    mesh = "".join(
        f'<MeshHeading><DescriptorName UI="D{n:06}" MajorTopicYN="{chance.choice("YN")}">{word.title()}</DescriptorName>'
        f'<QualifierName UI="Q{n:06}" MajorTopicYN="N">therapy</QualifierName></MeshHeading>'
        for n, word in enumerate(chance.sample(WORDS, 9))
    )
    references = "".join(
        f"<Reference><Citation>{text(chance, 12)}.</Citation><ArticleIdList><ArticleId IdType='pubmed'>"
        f"{chance.randrange(1, 30_000_000)}</ArticleId></ArticleIdList></Reference>"
        for _ in range(12)
    )
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" IndexingMethod="Automated" Owner="NLM"><PMID Version="1">{pmid}</PMID>
<DateCompleted>{date}</DateCompleted><DateRevised>{date}</DateRevised><Article PubModel="Print-Electronic"><Journal>
<ISSN IssnType="Electronic">1234-5678</ISSN><JournalIssue CitedMedium="Internet"><Volume>{chance.randrange(1, 90)}</Volume>
<Issue>2</Issue><PubDate><Year>{day.year}</Year><Month>{day:%b}</Month></PubDate></JournalIssue><Title>Journal of invention</Title>
<ISOAbbreviation>J Invent</ISOAbbreviation></Journal><ArticleTitle>{text(chance, 11)} in <i>{chance.choice(WORDS)}</i> {pmid}.</ArticleTitle>
<Pagination><StartPage>11</StartPage><EndPage>15</EndPage><MedlinePgn>11-15</MedlinePgn></Pagination>
<ELocationID EIdType="doi" ValidYN="Y">10.1234/invented.{pmid}</ELocationID><Abstract>{abstract}</Abstract>
<AuthorList CompleteYN="Y">{authors}</AuthorList><Language>eng</Language><PublicationTypeList><PublicationType UI="D002363">Case
 Reports</PublicationType></PublicationTypeList></Article><MedlineJournalInfo><Country>Utopia</Country><MedlineTA>J Invent</MedlineTA>
<NlmUniqueID>123</NlmUniqueID><ISSNLinking>1234-5678</ISSNLinking></MedlineJournalInfo><MeshHeadingList>{mesh}</MeshHeadingList>
<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">{chance.choice(WORDS)}</Keyword></KeywordList></MedlineCitation><PubmedData>
<History>{history}</History><PublicationStatus>ppublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>
<ArticleId IdType="doi">10.1234/invented.{pmid}</ArticleId></ArticleIdList><ReferenceList>{references}</ReferenceList></PubmedData>
</PubmedArticle>
""".encode()


def records_xml(
    number: int, *, seed: int = 1, start: int = 10_000_000, first: dt.date = dt.date(1990, 1, 1), days: int = 13_000
) -> Iterator[bytes]:
    """Yields a PubmedArticleSet of `number` records piece by piece; PMIDs count up from `start`."""
    chance = random.Random(seed)
    yield HEAD
    for index in range(number):
        yield record_xml(start + index, chance, first, days)
    yield TAIL
