"""Duplicates: records of the same report, found without reading any, and never beyond what a person ruled.

For bibliographic files: `normalize` one record, `blocks` its keys, `compare` and `decide` one pair, `cluster` the pairs;
`deduplicate` runs them all, and `merge` makes one record of a group. For a review, `group_records` joins its records under the rulings of its curators.
"""

from casetable.dedup.cluster import Broken, Deduplicated, Pair, deduplicate
from casetable.dedup.decide import FIELDS, Decision, Settings, Verdict, compare, decide
from casetable.dedup.groups import (
    RULES,
    Group,
    Grouped,
    Link,
    entry_of,
    explain,
    group_records,
    is_another,
    open_questions,
    told_fields,
)
from casetable.dedup.merge import Merged, merge
from casetable.dedup.normalize import Entry, Normal, blocks, normalize

__all__ = [
    "FIELDS",
    "RULES",
    "Broken",
    "Decision",
    "Deduplicated",
    "Entry",
    "Group",
    "Grouped",
    "Link",
    "Merged",
    "Normal",
    "Pair",
    "Settings",
    "Verdict",
    "blocks",
    "compare",
    "decide",
    "deduplicate",
    "entry_of",
    "explain",
    "group_records",
    "is_another",
    "merge",
    "normalize",
    "open_questions",
    "told_fields",
]
