"""What a query finds in invented articles: each tag, phrases, truncation, nearness, dates; and against a plain scan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Heading, Person, Section
from casetable.query import Index, QueryError, parse, words_of
from casetable.query.dates import day_of, span_of

TODAY = dt.date(2025, 11, 26)

ONE = Article(
    pmid="10000001",
    title="Zebra fever in Crohn's disease: an anti-QX7 case.",
    abstract=(
        Section(label="BACKGROUND", text="Pain of the left hip and of the knee is rare."),
        Section(text="We saw IL-6 rise; café visits fell by the end."),
    ),
    other_abstracts=(
        Section(text="Plain words about stripes.", kind="plain-language-summary", language="eng"),
        Section(text="Rayures et douleur.", kind="Publisher", language="fre"),
    ),
    keywords=("striped syndrome", "hip"),
    vernacular_title="Zebrafieber beim Kinde",
    authors=(
        Person(
            last="Müller",
            fore="Anna Berta",
            initials="AB",
            identifiers=("https://orcid.org/0000-0001-2345-678X",),
            affiliations=("Department of Invention, Sometown, Freedonia.",),
        ),
        Person(last="van der Berg", fore="Carl", initials="C", suffix="Jr"),
        Person(collective="Stripes Study Group"),
        Person(last="Smith", fore="Dora", initials="D"),
    ),
    investigators=(Person(last="Probe", fore="Paula", initials="P"),),
    journal="Annals of invented medicine (Sometown)",
    journal_abbreviation="Ann Inv Med (Sometown)",
    journal_id="9900001",
    issns=("1234-567X",),
    country="Freedonia",
    volume="12",
    issue="3 Suppl 1",
    pages="616-24",
    published="2020 Mar 5",
    published_electronically="2019-12-20",
    languages=("eng",),
    publication_types=("Case Reports", "Journal Article"),
    headings=(
        Heading(name="Fever, Striped", is_major=True),
        Heading(name="Masks", is_major=True, qualifiers=(("adverse effects", True), ("history", False))),
        Heading(name="Data", qualifiers=(("statistics & numerical data", False),)),
        Heading(name="Humans"),
    ),
    substances=("Zebrazumab",),
    registry_numbers=("0", "EC 9.9.9.9"),
    supplementary_concepts=("stripe factor 5, horse",),
    grants=("R01 ZZ000001",),
    databanks=("ClinicalTrials.gov/NCT00000001",),
    doi="10.1234/ann.2020(3)1",
    pii="S1234-567X(20)00001-2",
    pmcid="PMC7000001",
    manuscript_id="NIHMS900001",
    status="MEDLINE",
    owner="NLM",
    conflict_of_interest="A grant from Stripe Works.",
    subsets=("IM",),
    dates={
        "CRDT": "2020-02-01",
        "EDAT": "2020-02-02",
        "MHDA": "2020-06-03",
        "DCOM": "2020-06-04",
        "LR": "2021-07-05",
    },
)
TWO = Article(
    pmid="10000002",
    title="The knee",
    abstract=(Section(text="Hip. Fever of a zebra, disease zebra fever"),),
    authors=(Person(last="Smith", fore="Daniel", initials="DE"),),
    journal="Other journal",
    journal_abbreviation="Other J",
    journal_id="9900002",
    volume="97",
    pages="e12",
    published="1998 Dec-1999 Jan",
    languages=("ger",),
    publication_types=("Review",),
    headings=(Heading(name="Masks", qualifiers=(("adverse effects", False),)), Heading(name="Animals")),
    doi="10.1234/other",
    status="PubMed-not-MEDLINE",
    dates={"CRDT": "2025-06-01"},
)
BOOK = Article(
    pmid="10000003",
    title="Stripes",
    is_book=True,
    book_title="Handbook of invented beasts",
    editors=(Person(last="Editrix", fore="Eva", initials="E"),),
    publisher="Sometown Press",
    published="1990 Spring",
    isbns=("978-0-00-000000-2",),
    status="Publisher",
)
ARTICLES = (ONE, TWO, BOOK)
INDEX = Index(ARTICLES, today=TODAY)


def hits(query: str) -> str:
    """The articles found, by their numbers from 1."""
    return "".join(str(at + 1) for at in sorted(INDEX.search(parse(query))))


FOUND = [
    # words: no case, no accents, punctuation parts
    ("ZEBRA[ti]", "1"),
    ("zebra[tiab]", "12"),
    ("crohn's[ti]", "1"),
    ("crohns[ti]", ""),
    ("crohn[ti]", "1"),
    ("cafe[tiab]", "1"),
    ("CAFÉ[tiab]", "1"),
    ("il-6[tiab]", "1"),
    ("il6[tiab]", ""),
    ("muller[au]", "1"),
    # phrases stay within one value
    ('"zebra fever"[tiab]', "12"),
    ("zebra fever[ti]", "1"),
    ('"fever zebra"[tiab]', ""),
    ('"anti-QX7 case background"[tiab]', ""),
    ('"anti qx7"[ti]', "1"),
    ('"knee is rare we saw"[tiab]', "1"),
    ('"syndrome hip"[ot]', ""),
    ('"summary rayures"[tiab]', ""),
    # truncation
    ("zeb*[ti]", ""),
    ("zebr*[ti]", "1"),
    ('"crohn s dis*"[ti]', "1"),
    ('"zebra fev*"[tiab]', "12"),
    ("ze*[ti]", ""),
    ("fever*[mh]", "1"),
    ("zebr∗[ti]", ""),
    # nearness
    ('"hip pain"[tiab]', ""),
    ('"hip pain"[tiab:~2]', ""),
    ('"hip pain"[tiab:~3]', "1"),
    ('"rare hip pain"[tiab:~7]', ""),
    ('"rare hip pain"[tiab:~8]', "1"),
    ('"zebra zebra"[tiab:~2]', "2"),
    ('"fever fever"[ti:~9]', ""),
    ('"hip xyzzy"[tiab:~9]', ""),
    ("hip pain[tiab:~3]", ""),
    ('"case background"[tiab:~9]', ""),
    # the fields
    ("stripes[tiab]", "13"),
    ("rayures[tiab]", "1"),
    ("striped syndrome[ot]", "1"),
    ("striped syndrome[tiab]", "1"),
    ("striped[ti]", ""),
    ("zebrazumab[tw]", "1"),
    ("zebrazumab[tiab]", ""),
    ('"Stripes Study Group"[tw]', "1"),
    ('"adverse effects"[tw]', "12"),
    ("hasabstract", "12"),
    ("zebrafieber[tt]", "1"),
    ('"Masks"[mh]', "12"),
    ("masks[mesh:noexp]", "12"),
    ("masks[majr]", "1"),
    ("mask[mh]", ""),
    ("fever, striped[mh]", "1"),
    ("fever[mh]", ""),
    ('"Masks/adverse effects"[mh]', "12"),
    ('"Masks/adverse effects"[majr]', "1"),
    ('"masks/history"[mh]', "1"),
    ('"masks/history"[majr]', ""),
    ("masks/ae[mh]", "12"),
    ('"data/statistics and numerical data"[mh]', "1"),
    ('"statistics & numerical data"[sh]', "1"),
    ('"statistics and numerical data"[sh]', "1"),
    ("statistics and numerical data[sh]", ""),
    ("sn[sh]", "1"),
    ("zebrazumab[nm]", "1"),
    ('"stripe factor 5, horse"[Supplementary Concept]', "1"),
    ("stripe factor[nm]", ""),
    ("EC 9.9.9.9[rn]", "1"),
    ("0[rn]", ""),
    # names
    ("smith[au]", "12"),
    ("smith d[au]", "12"),
    ('"smith d"[au]', "1"),
    ("smith de[au]", "2"),
    ("smit*[au]", "12"),
    ("smith dora[au]", "1"),
    ("dora smith[fau]", "1"),
    ("Smith, Daniel[fau]", "2"),
    ("smith d[fau]", "12"),
    ("müller ab[1au]", "1"),
    ("muller anna[fau]", "1"),
    ("smith[1au]", "2"),
    ("smith[lastau]", "12"),
    ("muller[lastau]", ""),
    ("van der berg c[au]", "1"),
    ("van der berg c jr[au]", "1"),
    ("berg c[au]", ""),
    ("stripes study group[cn]", "1"),
    ("0000-0001-2345-678x[auid]", "1"),
    ("000000012345678X[auid]", "1"),
    ("Sometown[ad]", "1"),
    ('"invention freedonia"[ad:~1]', "1"),
    ("probe p[ir]", "1"),
    ("paula probe[fir]", "1"),
    ("editrix[ed]", "3"),
    ("nobody[ps]", ""),
    # where it was published
    ('"Ann Inv Med (Sometown)"[ta]', "1"),
    ("ann inv med (sometown)[jo]", "1"),
    ("annals of invented medicine (sometown)[jour]", "1"),
    ("1234-567x[ta]", "1"),
    ("1234567X[issn]", "1"),
    ("9900001[jid]", "1"),
    ("9900002[journal]", "2"),
    ("ann inv[ta]", ""),
    ("12[vi]", "1"),
    ("3 suppl 1[ip]", "1"),
    ("616-24[pg]", "1"),
    ("616[pg]", "1"),
    ("24[pg]", ""),
    ("E12[pg]", "2"),
    ("freedonia[pl]", "1"),
    ("eng[la]", "1"),
    ("English[la]", "1"),
    ("german[lang]", "2"),
    ("case reports[pt]", "1"),
    ("case[pt]", ""),
    ("sometown press[pubn]", "3"),
    ("invented beasts[book]", "3"),
    ("9780000000002[isbn]", "3"),
    ("978-0-00-000000-2[isbn]", "3"),
    # identifiers
    ("10000002[pmid]", "2"),
    ("10000002[uid]", "2"),
    ("1000000[uid]", ""),
    ("10000001:10000002[uid]", "12"),
    ("10000003 10000001", "13"),
    ("10.1234/ANN.2020(3)1[doi]", "1"),
    ('"https://doi.org/10.1234/other"[aid]', "2"),
    ("10.1234/other[lid]", "2"),
    ("10.1234/*[doi]", "12"),
    ("S1234-567X(20)00001-2[aid]", "1"),
    ("PMC7000001[pmc]", "1"),
    ("7000001[pmcid]", "1"),
    ("nihms900001[mid]", "1"),
    ("ZZ000001[gr]", "1"),
    ("NCT00000001[si]", "1"),
    ('"stripe works"[cois]', "1"),
    # filters
    ("medline[sb]", "1"),
    ("pubmednotmedline[sb]", "2"),
    ("publisher[filter]", "3"),
    ("pubmed books[sb]", "3"),
    ("hasabstract[sb]", "12"),
    ("pubmed pmc[sb]", "1"),
    ("jsubsetim[sb]", "1"),
    ("humans[filter]", "1"),
    ("english[filter]", "1"),
    ("nlm[owner]", "1"),
    # all fields
    ("zebrazumab", "1"),
    ("zebrazumab[all]", "1"),
    ("zebra stripes", "1"),
    ('"zebra stripes"', ""),
    ('"zebra fever"', "12"),
    ("zebr*", "12"),
    ("freedonia zebrazumab nct00000001", "1"),
    ("beasts", "3"),
    ("german", "2"),
    ("zebra[nonsense]", "12"),
    ("anti-qx7", "1"),
    ("qx7-anti", ""),
    # stop words: no search by themselves, words within a phrase
    ("the[tiab]", ""),
    ("the", ""),
    ("the knee", "12"),
    ('"the knee"[tiab]', "12"),
    ("with*[tiab]", ""),
    # nothing at all
    ('""', ""),
    ("[ti]", ""),
    ("*", ""),
    ("*[mh]", ""),
    ("-[au]", ""),
    ("[pdat] : [pdat]", ""),
    ("2009:x[dp]", ""),
    ('"a":"b"[ti]', ""),
    # dates
    ("2020[dp]", "1"),
    ("2019[dp]", "1"),
    ("2020/03[dp]", "1"),
    ("2020/03/05[dp]", "1"),
    ("2020 Mar 5[dp]", "1"),
    ("2020/03/06[dp]", ""),
    ("2020[ppdat]", "1"),
    ("2019[ppdat]", ""),
    ("2019/12/20[epdat]", "1"),
    ("1998/12/01[dp]", "2"),
    ("1999[dp]", ""),
    ("1990/04[dp]", "3"),
    ("1990:1998[dp]", "23"),
    ("1998/12:2020[dp]", "12"),
    ('"2019/12/21"[dp] : "3000"[dp]', "1"),
    ("2020/02/01[crdt]", "1"),
    ("2020/02/02[edat]", "1"),
    ("2020/06/03[mhda]", "1"),
    ("2020/06/04[dcom]", "1"),
    ("2021[lr]", "1"),
    ("2021/07/05[mdat]", "1"),
    ('"last 6 months"[crdt]', "2"),
    ("last 170 days[crdt]", ""),
    ('"last 6 years"[crdt]', "12"),
    ("2020/13[dp]", ""),
    ("soon[dp]", ""),
    # operators, left to right
    ("zebra[tiab] AND knee[ti]", "2"),
    ("zebra[tiab] NOT knee[ti]", "1"),
    ("stripes[ti] OR zebra[tiab] AND knee[ti]", "2"),
    ("stripes[ti] OR (zebra[tiab] AND knee[ti])", "23"),
    ("zebra[tiab] AND NOT (knee[ti])", "1"),
    ("(zebra[tiab]) (knee[ti])", "2"),
    ("(zebra)[ti]", "1"),
    ("(zebra OR knee)[ti]", "12"),
    ("(crohn OR stripes)[tiab]", "13"),
]


@pytest.mark.parametrize(("query", "found"), FOUND, ids=[query for query, _ in FOUND])
def test_finds(query: str, found: str) -> None:
    assert hits(query) == found


def test_earlier_searches_are_given() -> None:
    query = parse("#1 NOT #2")
    assert INDEX.search(query, references={1: [0, 1], 2: {1}}) == {0}
    with pytest.raises(QueryError, match="#2 is no earlier search") as caught:
        INDEX.search(query, references={1: [0]})
    assert (caught.value.start, caught.value.end) == (7, 9)


def test_an_index_of_nothing_finds_nothing() -> None:
    index = Index((), today=TODAY)
    assert len(index) == 0
    for query, _ in FOUND:
        assert index.search(parse(query)) == frozenset()


def test_depth_and_length_are_no_obstacle() -> None:
    assert hits("(" * 20_000 + "zebra[ti]" + ")" * 20_000) == "1"
    assert hits(" OR ".join(["zebra[ti]"] * 20_000)) == "1"


class Counting(Sequence[Article]):
    """Articles that count how often they are looked at."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self.articles, self.count = articles, 0

    def __len__(self) -> int:
        return len(self.articles)

    def __getitem__(self, at: int) -> Article:  # type: ignore[override]
        self.count += 1
        return self.articles[at]

    def __iter__(self) -> Iterator[Article]:
        self.count += len(self.articles)
        return iter(self.articles)


def test_articles_are_read_when_a_field_is_first_asked_for_and_never_again() -> None:
    articles = Counting(ARTICLES)
    index = Index(articles, today=TODAY)
    assert articles.count == 0
    index.search(parse("zebra[ti]"))
    assert articles.count == len(ARTICLES)
    for word in ("zebra", "knee", "zebr*", "none", "'zebra fever'"):
        index.search(parse(f"{word}[ti] OR ({word}[ti] NOT {word}[ti])"))
    assert articles.count == len(ARTICLES)


# --- against a plain scan ---------------------------------------------------------------------------------------------

LETTERS = "abc"
TEXTS = st.lists(st.lists(st.sampled_from(LETTERS), max_size=7), min_size=1, max_size=5)
WORDS = st.lists(st.sampled_from(LETTERS), min_size=2, max_size=3)


def spelled(letters: Sequence[str]) -> str:
    return " ".join(f"{letter * 5}" for letter in letters)


def scanned(texts: Sequence[Sequence[str]], is_found: Callable[[Sequence[str]], bool]) -> set[int]:
    return {at for at, text in enumerate(texts) if is_found(text)}


@given(TEXTS, WORDS)
def test_a_phrase_is_where_a_scan_finds_it(texts: list[list[str]], words: list[str]) -> None:
    index = Index([Article(pmid="1", title=spelled(text)) for text in texts], today=TODAY)
    expected = scanned(texts, lambda text: "".join(words) in "".join(text))
    assert index.search(parse(f'"{spelled(words)}"[ti]')) == expected
    assert index.search(parse(f'"{spelled(words)[:-3]}*"[ti]')) == expected


@given(TEXTS, WORDS, st.integers(0, 4))
def test_near_words_are_where_a_scan_finds_them(texts: list[list[str]], words: list[str], gap: int) -> None:
    def is_near(text: Sequence[str]) -> bool:
        width = len(words) + gap
        windows = [text[at : at + width] for at in range(len(text))]
        return any(all(window.count(word) >= words.count(word) for word in words) for window in windows)

    index = Index([Article(pmid="1", title=spelled(text)) for text in texts], today=TODAY)
    assert index.search(parse(f'"{spelled(words)}"[ti:~{gap}]')) == scanned(texts, is_near)


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("2020 Mar 5", 20200305),
        ("2018 05 17", 20180517),
        ("2020 March", 20200301),
        ("2016 Jan-Feb", 20160101),
        ("1998 Dec-1999 Jan", 19981201),
        ("1999-2000", 19990101),
        ("2000 Jan 3-10", 20000103),
        ("1990 Spring", 19900401),
        ("Winter 1991", 19910101),
        ("2001", 20010101),
        ("2024-12-10", 20241210),
        ("20241210", 20241210),
        ("2023 Feb 31", 20230201),
        ("no date", None),
        ("", None),
    ],
)
def test_a_printed_date_has_a_day(printed: str, day: int | None) -> None:
    assert day_of(printed) == day


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("2020", (20200101, 20201231)),
        ("2020/2", (20200201, 20200229)),
        ("2021/02", (20210201, 20210228)),
        ("2021-04-30", (20210430, 20210430)),
        ("2021/04/31", None),
        ("2021 Apr", (20210401, 20210430)),
        ("2016/11/30 00:00", (20161130, 20161130)),
        ("3000", (30000101, 30001231)),
        ("last 10 days", (20251116, 30000101)),
        ("LAST 2 weeks", (20251112, 30000101)),
        ("last month", (20251026, 30000101)),
        ("last 21 months", (20240226, 30000101)),
        ("last 5 years", (20201126, 30000101)),
        ("last 999999 years", (10101 + 25, 30000101)),
        ("last 999999 days", (10101, 30000101)),
        ("year", None),
        ("20", None),
        ("", None),
    ],
)
def test_a_date_of_a_query_has_a_first_and_a_last_day(asked: str, span: tuple[int, int] | None) -> None:
    assert span_of(asked, TODAY) == span


def test_a_relative_date_needs_a_today() -> None:
    assert span_of("last 6 months", None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crohn’s QX-7/QX_8", ["crohn", "s", "qx", "7", "qx", "8"]),
        ("Été naïve e\u0301te\u0301", ["ete", "naive", "ete"]),
        ("Ærø Łódź Straße", ["aero", "lodz", "strasse"]),
        ("m² ½ ﬁne α‑β", ["m2", "1", "2", "fine", "α", "β"]),
        ("≥ -- *", []),
    ],
)
def test_words_have_no_case_no_accents_and_no_punctuation(text: str, words: list[str]) -> None:
    assert words_of(text) == words
