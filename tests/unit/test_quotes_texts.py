"""The texts of reports: their sections, and what in them may not be quoted."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.quotes.texts import Part, UnreadableTextError, abstract_text, read_text

JATS = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving DTD v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>
<title-group><article-title>A girl with <italic>invented</italic> disease</article-title></title-group>
<contrib-group><aff>Hospital of Utopia, Ruritania</aff></contrib-group>
<abstract><sec><title>Background</title><p>Invented disease is rare.</p></sec></abstract></article-meta></front>
<body><sec><title>Case presentation</title><p>A 3-year-old girl<sup><xref ref-type="bibr" rid="b1">12</xref></sup> had 6.2 × 10<sup>9</sup>/L cells
and 700 mg/m<sup>2</sup> of it.</p>
<fig><label>Figure 2.</label><caption><p>Her course.</p></caption></fig>
<table-wrap><label>Table 1</label><caption><p>Laboratory</p></caption><table><tbody><tr><td>ALT</td><td>345</td></tr></tbody></table></table-wrap>
<sec><title>Outcome</title><p>She was stable [<xref ref-type="bibr" rid="b2">3</xref>].</p></sec></sec></body>
<back><ref-list><title>References</title><ref><mixed-citation>Doe J. A man of 55.</mixed-citation></ref></ref-list></back></article>
"""


def parts(name: str, data: bytes) -> list[tuple[str, str, str]]:
    text = read_text(name, data)
    return [(s.part.value, s.heading, " ".join(text.content[s.start : s.end].split())) for s in text.sections]


def test_jats() -> None:
    assert parts("a.xml", JATS.encode()) == [
        ("title", "", "A girl with invented disease"),
        ("front matter", "Affiliation", "Hospital of Utopia, Ruritania"),
        ("abstract", "Abstract > Background", "Background Invented disease is rare."),
        ("body", "Case presentation", "Case presentation A 3-year-old girl had 6.2 × 10⁹/L cells and 700 mg/m² of it."),
        ("caption", "Figure 2", "Her course."),
        ("table", "Table 1", "Laboratory ALT 345"),
        ("body", "Case presentation > Outcome", "Outcome She was stable []."),
        ("references", "References", "References Doe J. A man of 55."),
    ]


def test_plain_text() -> None:
    text = b"""A girl with invented disease

1. Introduction
It is rare.

Case Report

Case 1

A girl of 3 had results
that were odd. Abstract painting was
a hobby.

Table 1. Laboratory values

Discussion: nothing is known.

References
1. Doe J. A man of 55."""
    assert parts("a.txt", text) == [
        ("title", "", "A girl with invented disease"),
        ("body", "Introduction", "1. Introduction It is rare."),
        ("body", "Case Report", "Case Report"),
        (
            "body",
            "Case Report > Case 1",
            "Case 1 A girl of 3 had results that were odd. Abstract painting was a hobby.",
        ),
        ("table", "Table 1", "Table 1. Laboratory values"),
        ("body", "Discussion", "Discussion: nothing is known."),
        ("references", "References", "References 1. Doe J. A man of 55."),
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A girl was admitted. She had a rash.\n\nMore.", Part.BODY),
        ("A girl was admitted with a rash.\n\nMore.", Part.BODY),
        ("A girl with a rash: a case report.\n\nAbstract\n\nMore.", Part.TITLE),
        ("# A girl\n\nMore.", Part.TITLE),
        ("Case 1\n\nA girl had a rash.", Part.BODY),
        ("One line only about a girl", Part.BODY),
    ],
)
def test_the_title_of_a_plain_text(text: str, first: Part) -> None:
    assert read_text("a.txt", text.encode()).sections[0].part is first


def test_html() -> None:
    page = b"""<!DOCTYPE html><html><head><title>x</title><script>var a = "script"</script></head><body><nav><p>menu</p></nav>
<h1>A girl with invented disease</h1><h2>Abstract</h2><p>It is rare.</p><h2>Case presentation</h2><p>A girl of 3<sup><a href="#r">1</a></sup>
had 10<sup>9</sup>/L.</p><h3>Outcome</h3><p>Stable.</p><figure><figcaption>Figure 1. Her lungs.</figcaption></figure>
<table><caption>Table 2. Laboratory</caption><tr><td>ALT</td><td>345</td></tr></table>
<h2>References</h2><ol><li>Doe J. A man of 55.</li></ol></body></html>"""
    assert parts("a.html", page) == [
        ("title", "", "A girl with invented disease"),
        ("abstract", "Abstract", "Abstract It is rare."),
        ("body", "Case presentation", "Case presentation A girl of 3 had 10⁹/L."),
        ("body", "Case presentation > Outcome", "Outcome Stable."),
        ("caption", "Figure 1", "Figure 1. Her lungs."),
        ("table", "Table 2", "Table 2. Laboratory ALT 345"),
        ("references", "References", "References Doe J. A man of 55."),
    ]


def pdf(*pages: list[str]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 760 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def test_pdf() -> None:
    head = "J Invent 2020"
    text = read_text(
        "a.pdf",
        pdf(
            [head, "Introduction", "It is rare."],
            [head, "Case presentation", "A girl of 3 had rapidly pro-", "gressive disease."],
            [head, "References", "1. Doe J. A man of 55."],
        ),
    )
    assert head not in text.content
    assert [(s.part, s.heading) for s in text.sections] == [
        (Part.BODY, "Introduction"),
        (Part.BODY, "Case presentation"),
        (Part.REFERENCES, "References"),
    ]


def test_an_abstract_is_no_full_text() -> None:
    text = abstract_text("PubMed", "A girl", [("METHODS", "We looked."), ("", "She had a rash.")])
    assert text.is_abstract
    assert [(s.part, s.heading) for s in text.sections] == [
        (Part.TITLE, ""),
        (Part.ABSTRACT, "Abstract > METHODS"),
        (Part.ABSTRACT, "Abstract"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"PK\x03\x04docx",
            "is a Word file or an archive; expected text, PDF, HTML or JATS XML: save it as one of them",
        ),
        (b"%PDF-1.4 broken", "cannot be read as PDF (Pdf"),
        (b"<?xml version='1.0'?><article><p></article>", "cannot be read as XML"),
        (b" \n ", "holds no text that can be read; expected text, not pictures of pages"),
        (pdf([]), "holds no text that can be read; expected text, not pictures of pages"),
    ],
)
def test_what_is_no_text(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableTextError) as told:
        read_text("a", data)
    assert str(told.value).startswith(message)


def test_entities_that_unfold_without_end_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE article [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    with pytest.raises(UnreadableTextError):
        read_text("a.xml", (bomb + "]><article><body><p>&j;</p></body></article>").encode())


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<html>", b"%PDF-1.4", b"<?xml version='1.0'?><article>", b"<p>"])
)
def test_any_bytes_are_a_text_or_told_to_be_none(data: bytes, head: bytes) -> None:
    try:
        text = read_text("a", head + data)
    except UnreadableTextError:
        return
    assert all(0 <= s.start < s.end <= len(text.content) + 2 for s in text.sections)
