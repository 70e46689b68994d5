"""Storage that fails for a while is waited for; what will not pass is told at once."""

from __future__ import annotations

import errno

import pytest

from synth.conventions import ThfmError
from synth.shards import patience
from synth.shards.patience import passes, patiently


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds since the test began; sleeping takes none of the test's time."""
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def failing(times: int, error: Exception):
    left = [times]

    def action(value: int) -> int:
        if left[0]:
            left[0] -= 1
            raise error
        return value

    return action


def test_what_passes_is_waited_for(clock: list[float]) -> None:
    assert patiently(60, failing(5, ConnectionResetError()), 7) == 7
    assert 5 < clock[0] < 60


def test_patience_has_an_end(clock: list[float]) -> None:
    with pytest.raises(ConnectionResetError):
        patiently(60, failing(1000, ConnectionResetError()), 7)
    assert 20 < clock[0] <= 60


def test_what_does_not_pass_is_raised_at_once(clock: list[float]) -> None:
    for error in (PermissionError(errno.EACCES, "no"), OSError(errno.ENOSPC, "full"), ValueError(), ThfmError("x")):
        with pytest.raises(type(error)):
            patiently(60, failing(1, error), 7)
    assert clock[0] == 0


def test_the_cause_of_an_error_counts() -> None:
    wrapped = ThfmError("s3://bucket/shard.tar cannot be read")
    wrapped.__cause__ = TimeoutError()
    assert passes(wrapped) and not passes(ThfmError("damaged"))
    assert passes(OSError(errno.ESTALE, "stale")) and not passes(FileNotFoundError(errno.ENOENT, "gone"))
