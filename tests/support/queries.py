"""Queries of any shape, for property tests."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


def queries(
    leaves: st.SearchStrategy[str], operators: Sequence[str] = ("AND", "OR", "NOT"), *, max_leaves: int = 10
) -> st.SearchStrategy[str]:
    """Texts of terms, joined by operators in groups within groups."""

    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        more = st.lists(st.tuples(st.sampled_from(operators), inner), min_size=1, max_size=3)
        return st.builds(lambda first, rest: f"({first}{''.join(f' {op} {part}' for op, part in rest)})", inner, more)

    return st.recursive(leaves, wider, max_leaves=max_leaves)
