"""The fault matrix in short: refreshes against the mirror under each kind of fault, a few seeds each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from casetable.mirror import Mirror
from casetable.sources.http import Transport
from tests.support.faults import ATTEMPTS, PERMANENT, SHORT, TRANSIENT, library, quick_transport, run

SEEDS = range(4)


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return library()


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    return quick_transport()


@pytest.mark.parametrize("code", [*TRANSIENT, *SHORT])
def test_a_passing_fault_loses_nothing(code: str, mirror: Mirror, transport: Transport) -> None:
    for seed in SEEDS:
        result = run(mirror, code, 0.2, seed, transport)
        if result.code == 4:
            assert result.is_unchanged
            assert result.attempts >= ATTEMPTS, "only where one request failed on every permitted attempt"
        else:
            assert result.code == 0, result.message
            assert result.is_right or (code in SHORT and result.is_named)


@pytest.mark.parametrize("code", TRANSIENT)
def test_a_fault_that_stays_ends_4_and_changes_nothing(code: str, mirror: Mirror, transport: Transport) -> None:
    result = run(mirror, code, 1, 1, transport)
    assert (result.code, result.is_unchanged) == (4, True)
    assert "PubMed could not be reached (" in result.message
    assert "; nothing was changed" in result.message
    assert result.attempts == ATTEMPTS


@pytest.mark.parametrize(("code", "cause"), PERMANENT.items())
def test_a_lasting_fault_is_asked_once(code: str, cause: str, mirror: Mirror, transport: Transport) -> None:
    result = run(mirror, code, 1, 0, transport)
    assert (result.code, result.attempts, result.is_unchanged) == (2, 1, True)
    assert cause in result.message
