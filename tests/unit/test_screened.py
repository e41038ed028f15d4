"""What screening tools write into their exports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.formats.articles import Flaw
from casetable.formats.screened import ScreenedRecord, Vote, read_screened


def read(text: str) -> ScreenedRecord:
    [record] = read_screened("file", text.encode())
    assert isinstance(record, ScreenedRecord)
    return record


INCLUSION = (
    'RAYYAN-INCLUSION: {"Anna B."=>"Included", "Bo"=>"Maybe"} | RAYYAN-EXCLUSION-REASONS: no foal,__EXR__a horse'
)
VOTES = (("Anna B.", Vote.INCLUDE), ("Bo", Vote.MAYBE))


@pytest.mark.parametrize(
    "text",
    [
        f"TY  - JOUR\nTI  - Zebra\nN1  - {INCLUSION}\nER  - \n",
        f"TY  - JOUR\nTI  - Zebra\nN1  - {INCLUSION[:41]}\n{INCLUSION[42:]}\nER  - \n",
        'key,title,notes\n1,Zebra,"' + INCLUSION.replace('"', '""') + '"\n',
        "@article{a,\n title={Zebra},\n note={" + INCLUSION + "},\n}\n",
    ],
    ids=["RIS", "RIS in two lines", "CSV", "BibTeX"],
)
def test_rayyans_votes_and_reasons(text: str) -> None:
    record = read(text)
    assert record.votes == VOTES
    assert record.reasons == ("no foal", "a horse")


@pytest.mark.parametrize(
    ("text", "votes"),
    [
        ("TY  - JOUR\nTI  - Zebra\nN1  - ASReview_relevant\nER  - \n", (("", Vote.INCLUDE),)),
        ("TY  - JOUR\nTI  - Zebra\nN1  - ASReview_irrelevant\nER  - \n", (("", Vote.EXCLUDE),)),
        ("TY  - JOUR\nTI  - Zebra\nN1  - ASReview_not_seen\nER  - \n", ()),
        ("title,doi,included\nZebra,,1\n", (("", Vote.INCLUDE),)),
        ("title,doi,asreview_label\nZebra,,0\n", (("", Vote.EXCLUDE),)),
        ("title,doi,asreview_label\nZebra,,\n", ()),
        ("title,doi,included\nZebra,,-1\n", ()),
    ],
)
def test_asreviews_labels(text: str, votes: tuple[tuple[str, Vote], ...]) -> None:
    assert read(text).votes == votes


def test_the_label_of_asreview_outranks_an_older_column() -> None:
    assert read("title,included,asreview_label\nZebra,0,1\n").votes == (("", Vote.INCLUDE),)


@pytest.mark.parametrize("note", ['{"Anna {AJ}"=>"Excluded"}', '\\{"Anna"=>"Excluded"\\}', '{"Anna": "Excluded"}'])
def test_votes_in_odd_forms(note: str) -> None:
    [(_, vote)] = read(f"TY  - JOUR\nTI  - Zebra\nN1  - RAYYAN-INCLUSION: {note}\nER  - \n").votes
    assert vote is Vote.EXCLUDE


@pytest.mark.parametrize("note", ['{"Anna"=>', '{"Anna"=>"Odd"}', "{Anna}", '{"Anna"=>"Excluded", Bo}'])
def test_a_vote_that_cannot_be_read_is_unclear(note: str) -> None:
    assert read(f"TY  - JOUR\nTI  - Zebra\nN1  - RAYYAN-INCLUSION: {note}\nER  - \n").is_unclear


def test_what_an_abstract_says_is_no_vote() -> None:
    record = read('TY  - JOUR\nTI  - Zebra\nAB  - RAYYAN-INCLUSION: {"A"=>"Included"}\nER  - \n')
    assert (record.votes, record.is_unclear) == ((), False)


def test_the_key_comes_back() -> None:
    assert read("TY  - JOUR\nTI  - Zebra\nN1  - casetable-record: doi:10.1234/a(1)\nER  - \n").key == "doi:10.1234/a(1)"


@given(st.text(st.sampled_from('RAYYAN-INCLUSION: {}"=>Included|,ASReview_relevant \n'), max_size=200))
def test_any_note_is_read(text: str) -> None:
    for record in read_screened("file", f"TY  - JOUR\nTI  - Zebra\nN1  - {text}\nER  - \n".encode()):
        assert isinstance(record, ScreenedRecord | Flaw)
