"""Quotes: does what an extraction quotes stand in its report, and does it bear out what the cell says.

`read_text` reads a report's text, `judge` holds an extraction against it; `casetable.quotes.reading` and `amounts` know how the
same words and numbers are typeset in two ways.
"""

from casetable.quotes.judge import Judged, Kind, Memory, Outcome, Slot, cell_hash, count_outcomes, judge, slots
from casetable.quotes.texts import Text, UnreadableTextError, abstract_text, read_text

__all__ = [
    "Judged",
    "Kind",
    "Memory",
    "Outcome",
    "Slot",
    "Text",
    "UnreadableTextError",
    "abstract_text",
    "cell_hash",
    "count_outcomes",
    "judge",
    "read_text",
    "slots",
]
