"""The reports as references: what other libraries read of them is what the records say."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import rispy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pybtex.database import parse_string
from pylatexenc.latex2text import LatexNodes2Text

from casetable.edition import Edition
from casetable.formats.bibliography import write_bibliography
from casetable.formats.export import Form
from casetable.model import Record, Search
from casetable.references import list_references
from casetable.render import outputs
from casetable.review import Review
from tests.unit.test_review import PROTOCOL, decision, record, review_of, search, strategy

NAMES = {"type": "object", "additionalProperties": False, "properties": {key: {"type": "string"} for key in ("family", "given", "suffix", "literal")}}  # fmt: skip
TEXTS = ("title", "container-title", "container-title-short", "DOI", "PMID", "PMCID", "ISSN", "language", "keyword", "note", "abstract")  # fmt: skip
# What the schema of CSL's data says of the properties that references have; others are not allowed
# (citation-style-language/schema, schemas/input/csl-data.json at 00412663).
CSL: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type", "id"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": ["article-journal", "book", "chapter"]},
            "id": {"type": ["string", "number"]},
            "author": {"type": "array", "items": NAMES},
            "issued": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "date-parts": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 2,
                        "items": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 3,
                            "items": {"type": ["string", "number"]},
                        },
                    },
                    "raw": {"type": "string"},
                },
            },
            **{key: {"type": ["string", "number"]} for key in ("volume", "issue", "page")},
            **{key: {"type": "string"} for key in TEXTS},
        },
    },
}


def review_with(*records: Record, excluded: tuple[str, ...] = ()) -> Review:
    keys = [each.key for each in records]
    return review_of(
        records=list(records),
        strategies=[strategy("main")],
        searches=[search("main", keys)],
        decisions=[
            decision(key, "records", "exclude", reason="no-case")
            if key in excluded
            else decision(key, "reports", "include")
            for key in keys
            if key != "pmid:99"
        ],
        protocol=PROTOCOL,
    )


def written(review: Review, name: str, form: Form) -> str:
    return write_bibliography(form, list_references(review)[name]).decode()


DOE = record(
    "pmid:11",
    title="A case of <i>something</i> & 50% more {than} 5 µg: {x_1}",
    authors=("van der Berg AB", "Smith JA Jr", "Zebra Study Group", "Öz Ü"),
    journal="J Invent",
    year="2020",
    volume="12",
    issue="3",
    pages="227-8",
    doi="10.1234/a_b",
    pmcid="PMC7",
    languages=("eng", "ger"),
    publication_types=("Case Reports", "Journal Article"),
    headings=("Dermatomyositis", "Lung Diseases, Interstitial"),
)
NOTES = (
    "included",
    "types: Case Reports | Journal Article",
    "headings: Dermatomyositis | Lung Diseases, Interstitial",
    "casetable: pmid:11",
)
ROE = record("pmid:12", title="Another", authors=("Roe B",), year="2021", doi="10.1234/r", authors_truncated=True)
POE = record("own:p1", title="A third", authors=("Poe C",), year="2022")
LATE = record("pmid:99", title="Undecided", authors=("Loe D",), year="2023")


def test_each_report_is_in_its_lists() -> None:
    review = review_with(DOE, ROE, POE, LATE, excluded=("own:p1",))
    lists = list_references(review)
    assert {name: [each.key for each in told] for name, told in lists.items()} == {
        "included": ["pmid:11", "pmid:12"],
        "excluded": ["own:p1"],
        "all": ["own:p1", "pmid:11", "pmid:12", "pmid:99"],
    }
    assert [each.notes for each in lists["all"]] == [
        ("excluded on its title and abstract: no-case (no case)", "casetable: own:p1"),
        (
            "included",
            "types: Case Reports | Journal Article",
            "headings: Dermatomyositis | Lung Diseases, Interstitial",
            "casetable: pmid:11",
        ),
        ("included", "the source lists more authors", "casetable: pmid:12"),
        ("undecided", "casetable: pmid:99"),
    ]


def test_the_files_are_those_that_zotero_takes() -> None:
    names = [name for name in outputs(Edition(review_with(DOE))) if name.startswith("references/")]
    assert names == [
        f"references/{each}.{end}" for each in ("included", "excluded", "all") for end in ("json", "ris", "bib")
    ]


def test_csl_json_fits_its_schema_and_holds_every_fact() -> None:
    items = json.loads(written(review_with(DOE, ROE), "included", Form.CSL_JSON))
    jsonschema.validate(items, CSL)
    doe = items[0]
    assert doe["author"] == [
        {"family": "van der Berg", "given": "A. B."},
        {"family": "Smith", "given": "J. A., Jr"},
        {"literal": "Zebra Study Group"},
        {"family": "Öz", "given": "Ü."},
    ]
    assert {name: doe[name] for name in ("id", "title", "container-title", "volume", "issue", "page", "issued")} == {
        "id": "vanderberg2020case",
        "title": "A case of <i>something</i> & 50% more {than} 5 µg: {x_1}",
        "container-title": "J Invent",
        "volume": "12",
        "issue": "3",
        "page": "227-8",
        "issued": {"date-parts": [[2020]]},
    }
    assert (doe["DOI"], doe["PMID"], doe["PMCID"], doe["language"]) == ("10.1234/a_b", "11", "PMC7", "eng; ger")
    assert doe["note"].splitlines() == ["PMID: 11", "PMCID: PMC7", *NOTES]


def test_rispy_reads_every_fact_of_the_ris() -> None:
    doe, roe = rispy.loads(written(review_with(DOE, ROE), "included", Form.RIS))
    assert (doe["type_of_reference"], doe["title"]) == ("JOUR", DOE.title)
    assert doe["authors"] == ["van der Berg, A.B.", "Smith, J.A., Jr", "Zebra Study Group", "Öz, Ü."]
    assert (doe["secondary_title"], doe["year"], doe["volume"], doe["number"]) == ("J Invent", "2020", "12", "3")
    assert (doe["start_page"], doe["end_page"], doe["doi"]) == ("227", "8", "10.1234/a_b")
    assert (doe["accession_number"], doe["name_of_database"], doe["custom2"]) == ("11", "PubMed", "PMC7")
    assert doe["notes"] == ["; ".join(["PMCID: PMC7", *NOTES])]
    assert (doe["keywords"], doe["language"]) == (list(DOE.headings), "eng; ger")
    assert roe["notes"] == ["included; the source lists more authors; casetable: pmid:12"]


def test_pybtex_reads_every_fact_of_the_bibtex() -> None:
    entries = parse_string(written(review_with(DOE, ROE), "included", Form.BIBTEX), "bibtex").entries
    assert list(entries) == ["vanderberg2020case", "roe2021another"]
    doe, roe = entries.values()
    people = doe.persons["author"]
    assert [" ".join([*each.prelast_names, *each.last_names]) for each in people] == [
        "van der Berg", "Smith", "{Zebra Study Group}", "Öz",
    ]  # fmt: skip
    assert [" ".join([*each.first_names, *each.middle_names]) for each in people] == ["A. B.", "J. A.", "", "Ü."]
    assert people[1].lineage_names == ["Jr"]
    fields = doe.fields
    assert fields["title"] == r"{A case of <i>something</i> \& 50\% more \{than\} 5 µg: \{x\_1\}}"
    assert (fields["journal"], fields["year"], fields["volume"], fields["number"]) == ("J Invent", "2020", "12", "3")
    assert (fields["pages"], fields["doi"], fields["pmid"], fields["pmcid"]) == (
        "227--8",
        "10.1234/a_b",
        "11",
        "PMC7",
    )
    assert "note" not in fields  # styles print it
    assert fields["annote"] == "; ".join(NOTES)
    assert roe.persons["author"][-1].last_names == ["others"]


# What Zotero takes of a journal article (zotero/translators RIS.js and BibTeX.js, zotero/utilities itemFromCSLJSON):
# all else is dropped, and so is a second LA.
RIS_TAKEN = {"TY", "TI", "AU", "T2", "J2", "VL", "IS", "SP", "EP", "PY", "DO", "AN", "DB", "N1", "ER"}
CSL_TAKEN = {
    "type", "title", "author", "container-title", "container-title-short", "volume", "issue", "page", "issued",
    "language", "DOI", "note",
}  # fmt: skip
BIBTEX_TAKEN = {
    "title", "author", "journal", "shortjournal", "volume", "number", "pages", "year", "language", "doi", "pmid",
    "pmcid", "annote",
}  # fmt: skip


@pytest.mark.parametrize("form", [Form.CSL_JSON, Form.RIS, Form.BIBTEX])
def test_zotero_drops_no_fact(form: Form) -> None:
    text = written(review_with(DOE), "included", form)
    if form is Form.CSL_JSON:
        [item] = json.loads(text)
        author = [
            {part: name[part] for part in ("family", "given", "literal") if part in name} for name in item["author"]
        ]
        taken = json.dumps(
            {key: item[key] for key in CSL_TAKEN if key in item} | {"author": author}, ensure_ascii=False
        )
    elif form is Form.RIS:
        first: dict[str, str] = {}
        for line in text.splitlines():
            first.setdefault(line[:2], line)
        taken = "\n".join([line for line in text.splitlines() if line[:2] in RIS_TAKEN] + [first["LA"]])
    else:
        ((_, entry),) = parse_string(text, "bibtex").entries.items()
        taken = str([entry.fields[name] for name in BIBTEX_TAKEN if name in entry.fields]) + str(entry.persons)
    facts = [
        "van der Berg", "Smith", "Jr", "Zebra Study Group", "Öz", "J Invent", "2020", "12", "3", "227", "10.1234/a_b", "11",
        "PMC7", "eng", "ger", "Case Reports", "Journal Article", "Dermatomyositis", "Lung Diseases, Interstitial",
        "A case of", "something", "5 µg", "pmid:11",
    ]  # fmt: skip
    assert [fact for fact in facts if fact not in taken] == []


def alike(*numbers: int) -> list[Record]:
    return [
        record(f"pmid:{number}", title="Lung", authors=("Doe A",), year="2020", doi=f"10.1234/{number}")
        for number in numbers
    ]


def found(records: list[Record], *searches: Search) -> Review:
    return review_of(records=records, strategies=[strategy("main")], searches=searches, protocol=PROTOCOL)


def citation_keys_of(review: Review) -> dict[str, str]:
    return {each.key: each.citation_key for each in list_references(review)["all"]}


def test_a_citation_key_stays_when_reports_come() -> None:
    first = search("main", ["pmid:20", "pmid:30"])
    before = citation_keys_of(found(alike(20, 30), first))
    assert before == {"pmid:20": "doe2020lung", "pmid:30": "doe2020lung-30"}
    # One that was found later takes no key away, whatever its number.
    second = search("main", ["pmid:10", "pmid:40"], previous=first, when="2026-02-10T08:00:00Z")
    after = citation_keys_of(found(alike(10, 20, 30, 40), first, second))
    assert after == before | {"pmid:10": "doe2020lung-10", "pmid:40": "doe2020lung-40"}


def test_a_citation_key_stays_when_another_report_of_its_kind_goes() -> None:
    three = citation_keys_of(found(alike(20, 30, 40), search("main", ["pmid:20", "pmid:30", "pmid:40"])))
    two = citation_keys_of(found(alike(20, 40), search("main", ["pmid:20", "pmid:40"])))
    assert two == {"pmid:20": "doe2020lung", "pmid:40": "doe2020lung-40"}
    assert three == two | {"pmid:30": "doe2020lung-30"}


def test_citation_keys_are_those_of_the_entries() -> None:
    review = review_with(*alike(20, 30, 40), record("own:A/b c", title="Lung", authors=("Doe A",), year="2020"))
    included = parse_string(written(review, "included", Form.BIBTEX), "bibtex").entries
    assert set(included) == {"doe2020lung", "doe2020lung-30", "doe2020lung-40", "doe2020lung-own-a-b-c"}
    assert {item["id"] for item in json.loads(written(review, "included", Form.CSL_JSON))} == set(included)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp")), min_size=1, max_size=40)  # fmt: skip
PLAIN = st.from_regex(r"[A-Z][a-zäöü]{1,9}( [A-Z][a-z]{1,9})? [A-Z]{1,3}", fullmatch=True)


def printed(latex: str) -> str:
    """What LaTeX prints of a value, by pylatexenc, which does not know the macros of braces and prints another circumflex."""
    for macro, known in ((r"{\textbraceleft}", r"\{"), (r"{\textbraceright}", r"\}")):
        latex = latex.replace(macro, known)
    latex = latex.replace(r"{\textasciicircum}", "\ufdd0")
    text = LatexNodes2Text(math_mode="text").latex_to_text(latex)
    return " ".join(text.replace("\ufdd0", "^").split())


@settings(max_examples=80, deadline=None)
@example("``a'' -- '' ?` !` ,, << >> --- {{} \\{ \\\\ ~^ 5% $x$ a_b #&", ["Doe A"], 2020)
@given(TEXT.filter(str.strip), st.lists(PLAIN, max_size=4), st.integers(1900, 2030))
def test_any_title_and_names_come_back_from_other_libraries(title: str, authors: list[str], year: int) -> None:
    title = " ".join(title.split())
    review = review_with(record("pmid:11", title=title, authors=tuple(authors), year=str(year), journal="J"))
    (item,) = json.loads(written(review, "included", Form.CSL_JSON))
    assert item["title"] == title
    jsonschema.validate([item], CSL)
    (ris,) = rispy.loads(written(review, "included", Form.RIS))
    assert " ".join(ris["title"].split()) == title
    assert ris["year"] == str(year)
    assert [re.sub("[., ]", "", name) for name in ris.get("authors", ())] == [name.replace(" ", "") for name in authors]
    ((_, entry),) = parse_string(written(review, "included", Form.BIBTEX), "bibtex").entries.items()
    assert printed(entry.fields["title"]) == title
    assert len(entry.persons.get("author", ())) == len(authors)
    assert entry.fields["year"] == str(year)


@pytest.mark.parametrize("form", [Form.CSL_JSON, Form.RIS, Form.BIBTEX])
def test_no_references_are_a_whole_file(form: Form) -> None:
    text = written(review_of(protocol=None), "excluded", form)
    if form is Form.CSL_JSON:
        assert json.loads(text) == []
    else:
        assert text == ""
