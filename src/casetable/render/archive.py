"""Office files (docx, xlsx) with the same bytes whenever they are written.

The libraries that make them put the clock into each member of the zip and into the document's properties, and take the
order of members from dictionaries. Members are stored uncompressed, as what a compressor makes of the same text differs
between builds of zlib (zlib-ng, as Fedora has it, packs otherwise); the price are larger files.
"""

from __future__ import annotations

import io
import re
import zipfile

# The earliest day that a zip can hold (APPNOTE 4.4.6), as W3CDTF writes it in docProps/core.xml (ECMA-376-2, 11).
_DAY = (1980, 1, 1, 0, 0, 0)
_W3CDTF = b"1980-01-01T00:00:00Z"
_CORE = "docProps/core.xml"
_DATES = re.compile(rb"(<dcterms:(?:created|modified)\b[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")
# What a reader may expect to meet first (OPC: the content types; ODF: the type), before all others by name.
_FIRST = ("mimetype", "[Content_Types].xml", "_rels/.rels")


def timeless(data: bytes) -> bytes:
    """Returns an office file's members in a fixed order with fixed dates and attributes, and its properties' dates pinned.

    The result depends on the members' names and bytes alone, and is its own result.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if _CORE in members:
        members[_CORE] = _DATES.sub(rb"\g<1>" + _W3CDTF + rb"\g<2>", members[_CORE])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members, key=_rank):
            member = zipfile.ZipInfo(name, date_time=_DAY)
            member.create_system = 0  # else the machine's own is written
            member.external_attr = 0
            archive.writestr(member, members[name])
    return buffer.getvalue()


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
