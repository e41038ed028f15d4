"""The flow diagram's numbers as the data file of the R package PRISMA2020 and its web application.

Haddaway et al. 2022, doi 10.1002/cl2.1230. Its `PRISMA_data()` finds a number by the column `data` and a text by `data` or
`box`; reasons stand in one cell as "reason, number; reason, number". Where a number is NA it leaves out the line, or the
column of the diagram: so the file draws the variant that the review asks for. What its template has no box for, such as cases,
patients and one's own report, is in prisma.json alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from casetable.flow import Flow
from casetable.render.text import render_rows
from casetable.review import Review

_COLUMNS = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")
_NONE = "NA"
# Key, node, box, and the text of the box.
_ROWS = (
    ("", "node4", "prevstud", "Previous studies"),
    ("previous_studies", "node5", "box1", "Studies included in previous version of review"),
    ("previous_reports", "", "box1", "Reports of studies included in previous version of review"),
    ("", "node6", "newstud", "Identification of new studies via databases and registers"),
    ("database_results", "node7", "box2", "Databases"),
    ("database_specific_results", "", "box2", "Databases, each"),
    ("register_results", "", "box2", "Registers"),
    ("register_specific_results", "", "box2", "Registers, each"),
    ("", "node16", "othstud", "Identification of new studies via other methods"),
    ("website_results", "node17", "box11", "Websites"),
    ("organisation_results", "", "box11", "Organisations"),
    ("citations_results", "", "box11", "Citation searching"),
    ("duplicates", "node8", "box3", "Duplicate records removed"),
    ("excluded_automatic", "", "box3", "Records marked as ineligible by automation tools"),
    ("excluded_other", "", "box3", "Records removed for other reasons"),
    ("records_screened", "node9", "box4", "Records screened"),
    ("records_excluded", "node10", "box5", "Records excluded"),
    ("dbr_sought_reports", "node11", "box6", "Reports sought for retrieval"),
    ("dbr_notretrieved_reports", "node12", "box7", "Reports not retrieved"),
    ("other_sought_reports", "node18", "box12", "Reports sought for retrieval"),
    ("other_notretrieved_reports", "node19", "box13", "Reports not retrieved"),
    ("dbr_assessed", "node13", "box8", "Reports assessed for eligibility"),
    ("dbr_excluded", "node14", "box9", "Reports excluded"),
    ("other_assessed", "node20", "box14", "Reports assessed for eligibility"),
    ("other_excluded", "node21", "box15", "Reports excluded"),
    ("new_studies", "node15", "box10", "New studies included in review"),
    ("new_reports", "", "box10", "Reports of new included studies"),
    ("total_studies", "node22", "box16", "Total studies included in review"),
    ("total_reports", "", "box16", "Reports of total included studies"),
    ("identification", "node1", "identification", "Identification"),
    ("screening", "node2", "screening", "Screening"),
    ("included", "node3", "included", "Included"),
)
_OTHER = ("website_results", "organisation_results", "citations_results")
# What parts the numbers of a cell cannot stand in a name; quotes and backslashes would end or change a label of Graphviz,
# which draws the package's diagram.
_HARMLESS = str.maketrans({"'": "’", '"': "”", "\\": "/"})


def render_prisma_csv(review: Review, flow: Flow) -> bytes:
    """Returns prisma.csv, which `PRISMA_data(read.csv("prisma.csv"))` reads as it stands."""
    meanings = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}

    def number(key: str) -> str:
        if (key.startswith("previous_") and not flow.is_update) or (key in _OTHER and not flow.has_other):
            return _NONE
        if key in flow.specific:
            return _listed(flow.specific[key].items())
        if key in flow.reasons:
            return _listed((meanings.get(reason, reason), n) for reason, n in flow.reasons[key].items())
        return str(flow.prisma.get(key, 0))

    def rows() -> Iterator[tuple[str, ...]]:
        for key, node, box, text in _ROWS:
            told = text if not key.startswith("other_") else f"{text} (other methods)"
            if not flow.is_update:
                text = (
                    text.replace("new studies", "studies").replace("New studies", "Studies").replace("new inc", "inc")
                )
            yield (key or _NONE, node or _NONE, box, told, text, told, _NONE, number(key))

    return render_rows(_COLUMNS, rows())


def _listed(numbers: Iterable[tuple[str, int]]) -> str:
    """Numbers in one cell, each behind its name."""
    names = (
        (re.sub(r"\s*[,;]\s*", " / ", " ".join(name.split())).translate(_HARMLESS), number) for name, number in numbers
    )
    return "; ".join(f"{name or 'no reason given'}, {number}" for name, number in names) or "0"
