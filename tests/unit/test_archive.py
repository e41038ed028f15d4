"""Office files have the same bytes whenever and however their library wrote them."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from casetable.render.archive import timeless

CORE = (
    '<cp:coreProperties xmlns:dcterms="http://purl.org/dc/terms/"><dc:creator>openpyxl</dc:creator>'
    '<dcterms:created xsi:type="dcterms:W3CDTF">{}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{}</dcterms:modified></cp:coreProperties>'
)


def zipped(members: dict[str, bytes], *, date: tuple[int, ...] = (2026, 11, 22, 1, 2, 4), mode: int = 0o600) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, date_time=date)  # type: ignore[arg-type]
            member.external_attr = mode << 16
            archive.writestr(member, content)
    return buffer.getvalue()


def test_the_clock_the_order_and_the_attributes_leave_no_trace() -> None:
    one = {"docProps/core.xml": CORE.format("2026-11-22T01:02:03Z", "2026-11-22T01:02:03Z").encode(), "a.xml": b"<a/>"}
    other = {"a.xml": b"<a/>", "docProps/core.xml": CORE.format("1999-01-01T00:00:00Z", "2001-01-01").encode()}
    assert timeless(zipped(one)) == timeless(zipped(other, date=(1999, 1, 1, 0, 0, 0), mode=0o777))


def test_members_keep_their_bytes_and_the_first_ones_their_place() -> None:
    members = {"xl/a.xml": b"<a/>", "_rels/.rels": b"r", "[Content_Types].xml": b"c", "docProps/core.xml": b"<x/>"}
    with zipfile.ZipFile(io.BytesIO(timeless(zipped(members)))) as archive:
        assert archive.namelist() == ["[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "xl/a.xml"]
        assert {name: archive.read(name) for name in archive.namelist()} == members
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_dates_of_the_properties_are_pinned_and_the_rest_stays() -> None:
    data = zipped({"docProps/core.xml": CORE.format("2026-11-22T01:02:03Z", "2026-11-22T01:02:03Z").encode()})
    with zipfile.ZipFile(io.BytesIO(timeless(data))) as archive:
        core = archive.read("docProps/core.xml").decode()
    assert core == CORE.format("1980-01-01T00:00:00Z", "1980-01-01T00:00:00Z")


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.xml", fullmatch=True), st.binary(max_size=200), max_size=5))
def test_what_is_timeless_stays_as_it_is(members: dict[str, bytes]) -> None:
    once = timeless(zipped(members))
    assert timeless(once) == once
