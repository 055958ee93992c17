"""The host's clock: corrected by the database's, refused where it is far off; idle time though a clock stood still."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from orchestrator.clock import HostClock, Stopwatch, clock_from_environment, clock_from_file, wait, write_clock_file
from orchestrator.errors import ClockWrong

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("host_is_ahead_by", "shown"),
    [(0, 0), (1.9, 1.9), (-1.9, -1.9), (2.1, 0), (-2.1, 0), (45, 0), (-45, 0), (59.9, 0), (-59.9, 0)],
)
def test_a_clock_that_differs_is_corrected_by_the_databases(host_is_ahead_by: float, shown: float) -> None:
    clock = HostClock()
    with time_machine.travel(NOON + timedelta(seconds=host_is_ahead_by), tick=False):
        clock.compare(datetime.now(UTC), NOON, datetime.now(UTC))
        assert clock() == NOON + timedelta(seconds=shown)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(60.1, "60 s ahead of"), (-60.1, "60 s behind"), (3600, "3600 s ahead of"), (-90, "90 s behind")],
)
def test_a_clock_that_is_far_off_is_refused(seconds: float, text: str) -> None:
    host = NOON + timedelta(seconds=seconds)
    with pytest.raises(ClockWrong, match=f"{text} the database's"):
        HostClock().compare(host, NOON, host)


def test_a_slow_answer_is_no_difference() -> None:
    clock = HostClock()
    clock.compare(NOON - timedelta(minutes=5), NOON, NOON + timedelta(minutes=5))
    with time_machine.travel(NOON, tick=False):
        assert clock() == NOON


def test_a_clock_that_was_never_compared_is_used_as_it_is() -> None:
    with time_machine.travel(NOON, tick=False):
        assert HostClock()() == NOON


def test_a_clock_that_is_right_again_is_used_as_it_is() -> None:
    clock = HostClock()
    with time_machine.travel(NOON, tick=False):
        clock.compare(NOON, NOON + timedelta(seconds=10), NOON)
        assert clock() == NOON + timedelta(seconds=10)
        clock.compare(NOON, NOON, NOON)
        assert clock() == NOON


def test_the_clock_that_the_local_stack_moves_is_not_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(clock_from_environment(), HostClock)
    write_clock_file(tmp_path / "clock.json", NOON)
    monkeypatch.setenv("ORCHESTRATOR_CLOCK_FILE", str(tmp_path / "clock.json"))
    assert not isinstance(clock_from_environment(), HostClock)


@pytest.mark.parametrize(("stands", "hours_later"), [(False, 2), (True, 0)])
def test_a_clock_from_a_file_shows_its_time_and_goes_on_unless_it_stands(
    tmp_path: Path, stands: bool, hours_later: int
) -> None:
    file = tmp_path / "clock.json"
    shown = NOON + timedelta(days=30)
    with time_machine.travel(NOON, tick=False) as host:
        write_clock_file(file, shown, stands=stands)
        clock = clock_from_file(file)
        assert clock() == shown
        host.shift(timedelta(hours=2))
        assert clock() == shown + timedelta(hours=hours_later)


@pytest.mark.parametrize(("wall", "monotonic"), [(3600, 0), (0, 3600), (-3600, 3600), (3600, 3600)])
def test_idle_time_counts_though_one_clock_stood_still_or_went_back(
    monkeypatch: pytest.MonkeyPatch, wall: float, monotonic: float
) -> None:
    started = time.time(), time.monotonic()
    watch = Stopwatch()
    monkeypatch.setattr(time, "time", lambda: started[0] + wall)
    monkeypatch.setattr(time, "monotonic", lambda: started[1] + monotonic)
    assert watch.seconds() == pytest.approx(3600, abs=1)


def test_a_tick_waits_for_real_seconds_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    assert wait(HostClock(), 10.0)
    assert not wait(clock_from_file(tmp_path / "clock.json"), 10.0)
    assert waits == [10.0]
