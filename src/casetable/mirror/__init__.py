"""A local server that speaks NCBI's E-utilities over local PubMed files, with its limits, its errors and its faults.

library = casetable.workspace.articles.load_articles([Path("pubmed.nbib")])
with serve(Mirror(library.stored.values(), today=today), rate=3) as url:
    ...  # url is the address of the utilities, as http://127.0.0.1:40123/entrez/eutils/
"""

from casetable.formats.answers import Reply
from casetable.mirror.faults import FAULTS, Fault, read_faults
from casetable.mirror.handler import Finder, Hits, Mirror, UnreadableTermError
from casetable.mirror.server import serve

__all__ = [
    "FAULTS",
    "Fault",
    "Finder",
    "Hits",
    "Mirror",
    "Reply",
    "UnreadableTermError",
    "read_faults",
    "serve",
]
