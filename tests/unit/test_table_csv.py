"""CSV as databases and reference managers export it: invented records under each one's header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.formats.table_csv import CsvFlaw, CsvRow, is_csv, read_csv


def rows(text: str | bytes) -> list[dict[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [{k: v for k, v in row.values.items() if v} for row in read_csv(data) if isinstance(row, CsvRow)]


HEADERS = [
    ("record_id,title,authors,year,journal,volume,issue,pages,doi,pmid,abstract,source", "1,T,A B,2020,J,1,2,3-4,10.1234/x,99,x,S"),
    ("Key,Title,Author,Publication Year,Publication Title,Volume,Issue,Pages,DOI,PMID,Abstract Note,Database", "1,T,A B,2020,J,1,2,3-4,10.1234/x,99,x,S"),
    ('"Authors";"Title";"Year";"Source title";"Volume";"Issue";"Page start";"Page end";"DOI";"PubMed ID";"Abstract";"Source";"ID"', "A B;T;2020;J;1;2;3;4;10.1234/x;99;x;S;1"),
    ("UID\tTI\tAU\tPY\tSO\tVL\tIS\tBP\tEP\tDO\tPM\tAB\tDB", "1\tT\tA B\t2020\tJ\t1\t2\t3\t4\t10.1234/x\t99\tx\tS"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "row"), HEADERS, ids=["own", "Zotero", "Scopus", "Web of Science"])
def test_headers_of_databases(header: str, row: str) -> None:
    assert is_csv(header.encode())
    [values] = rows(f"{header}\n{row}\n")
    values.pop("first_page", None)
    values.pop("last_page", None)
    assert values == {
        "record_id": "1",
        "title": "T",
        "authors": "A B",
        "year": "2020",
        "journal": "J",
        "volume": "1",
        "issue": "2",
        "pages": "3-4",
        "doi": "10.1234/x",
        "pmid": "99",
        "abstract": "x",
        "source": "S",
    }


def test_cells_of_several_lines_blank_lines_and_odd_rows() -> None:
    read = list(read_csv(b'title,doi\n"A\nlong one",x\n\nB\nC,y,z\n'))
    assert [(row.line, row.values["title"]) for row in read if isinstance(row, CsvRow)] == [
        (3, "A\nlong one"),
        (5, "B"),
        (6, "C"),
    ]
    assert [flaw for flaw in read if isinstance(flaw, CsvFlaw)] == [
        CsvFlaw(line=6, message="has 1 more cells than the header; expected 2")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "gb18030"])
def test_encodings(encoding: str) -> None:
    title = "斑马热的治疗与随访研究" if encoding == "gb18030" else "Fièvre du zèbre"
    assert rows(f"title,doi\n{title},x\n".encode(encoding)) == [{"title": title, "doi": "x"}]


@pytest.mark.parametrize("head", [b"", b"TY  - JOUR\n", b"PMID- 1\n", b"<xml>", b'{"schema": 1}', b"a,b,c\n1,2,3\n"])
def test_what_is_no_csv_of_records(head: bytes) -> None:
    assert not is_csv(head)


@given(st.binary(max_size=80))
def test_any_bytes_are_read(data: bytes) -> None:
    is_csv(data)
    for _ in read_csv(b"title,doi\n" + data):
        pass


def test_the_tab_delimited_text_of_web_of_science() -> None:
    header = "PT\tAU\tAF\tTI\tSO\tSP\tID\tAB\tPY\tVL\tIS\tBP\tEP\tDI\tPG\tUT\tPM"
    row = 'J\tDoe, A\tDoe, Anna\t"Zebra" fever\tANN\tPfizer\tFEVER\t"A foal\t2020\t7\t2\t11\t15\t10.1234/one\t5\tWOS:1\t31000001'
    data = f"{header}\n{row}\n{row}\n".encode("utf-16")
    assert is_csv(data[:4096])
    first, second = read_csv(data)
    assert isinstance(first, CsvRow)
    assert isinstance(second, CsvRow)
    assert {name: value for name, value in first.values.items() if value} == {
        "record_id": "WOS:1",
        "title": '"Zebra" fever',
        "authors": "Doe, Anna",
        "year": "2020",
        "journal": "ANN",
        "volume": "7",
        "issue": "2",
        "pages": "11-15",
        "first_page": "11",
        "last_page": "15",
        "doi": "10.1234/one",
        "pmid": "31000001",
        "abstract": '"A foal',
    }


@pytest.mark.parametrize(
    "head",
    [
        b'[{"id":"1","title":"A","volume":"3","DOI":"10.1000/1"}]',
        b"@article{a, title={A}, volume={3}, doi={10.1000/1}}",
    ],
)
def test_an_export_in_one_line_is_no_csv(head: bytes) -> None:
    assert not is_csv(head)


def test_a_quote_that_is_never_closed_is_told() -> None:
    rows = list(read_csv(b'title,doi\n"A,10.1000/1\nB,10.1000/2\nC,10.1000/3\n'))
    assert [(row.line, row.message) for row in rows if isinstance(row, CsvFlaw)] == [
        (2, "has a quote that is never closed, so that rows may be run together")
    ]


def test_excels_own_line_and_a_chinese_header() -> None:
    data = "sep=;\n题名;作者;刊名;年;卷;期;页码\n斑马热一例;张三;虚构医学杂志;2020;7;2;11-15\n".encode("gb18030")
    assert is_csv(data)
    [row] = read_csv(data)
    assert isinstance(row, CsvRow)
    assert (row.line, {name: value for name, value in row.values.items() if value}) == (
        3,
        {
            "title": "斑马热一例",
            "authors": "张三",
            "journal": "虚构医学杂志",
            "year": "2020",
            "volume": "7",
            "issue": "2",
            "pages": "11-15",
        },
    )
