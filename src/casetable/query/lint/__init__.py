"""Faults of a strategy: what PubMed would rewrite without a word, and what a peer reviewer of searches looks for.

How PubMed rewrites a query is told in its help (https://pubmed.ncbi.nlm.nih.gov/help/) and seen in what ESearch answers;
what reviewers look for is the PRESS checklist (McGowan et al., J Clin Epidemiol 2016;75:40–6) and the errors counted by
Salvador-Oliván et al. (J Med Libr Assoc 2019;107(2):210–21).
"""

from __future__ import annotations

from collections.abc import Iterable

from casetable.problems import Rule
from casetable.query.lint import advice, characters, known, structure, terms
from casetable.query.lint.finding import Edit, Finding, Subject
from casetable.query.lint.known import lint_known
from casetable.query.sent import unsendable
from casetable.query.tokens import comments_of

RULES: tuple[Rule, ...] = (*structure.RULES, *terms.RULES, *characters.RULES, *advice.RULES, *known.RULES)
# The more particular a check is, the earlier it stands: what it has told of, a general one need not tell.
_CHECKS = (
    *characters.CHECKS,
    *structure.FIRST_CHECKS,
    *terms.CHECKS,
    *structure.CHECKS,
    *terms.LAST_CHECKS,
    *advice.CHECKS,
)

# Of findings that cannot all be mended at once, so many are tried one by one.
MOST_TRIED = 100

__all__ = ["RULES", "Edit", "Finding", "edits_of", "lint", "lint_known", "safe_edits", "with_edits_made"]


def lint(text: str) -> tuple[Finding, ...]:
    """Returns the faults of a strategy, in the order of its text; raises nothing.

    Of a strategy that cannot be read, all that can be told of its terms is told too. A rule that would fire for many
    terms is told once, with the first of them.
    """
    subject = Subject(text)
    found: list[Finding] = []
    for check in _CHECKS:
        told = list(check(subject))
        subject.tell(told)
        found += told
    return tuple(sorted(found, key=lambda finding: (finding.start, finding.rule.code, finding.end, finding.message)))


def edits_of(findings: Iterable[Finding]) -> list[Edit]:
    """Returns the edits of findings in the order of the text; of edits that overlap, the first one."""
    kept: list[Edit] = []
    for edit in sorted({edit for finding in findings for edit in finding.edits}, key=lambda e: (e.start, e.end)):
        if not kept or (edit.start >= kept[-1].end and edit.start > kept[-1].start):
            kept.append(edit)
    return kept


def safe_edits(text: str, findings: Iterable[Finding]) -> list[Edit]:
    """Returns the edits of findings that do not spoil the strategy: it can still be sent, and its comments stay."""
    chosen = [finding for finding in findings if finding.edits]
    edits = edits_of(chosen)
    if not edits or not _is_spoilt(text, with_edits_made(text, edits)):
        return edits
    kept: list[Finding] = []
    for finding in chosen[:MOST_TRIED]:
        if not _is_spoilt(text, with_edits_made(text, edits_of([*kept, finding]))):
            kept.append(finding)
    return edits_of(kept)


def _is_spoilt(before: str, after: str) -> bool:
    return comments_of(before) != comments_of(after) or (bool(unsendable(after)) and not unsendable(before))


def with_edits_made(text: str, edits: Iterable[Edit]) -> str:
    """Returns a text with edits made that are in its order and do not overlap, as `edits_of` gives them."""
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])
