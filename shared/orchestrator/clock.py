"""The clock (G6): a procedure reads the time here once and passes it on as an argument.

The host's clock may be wrong, or may have stood still while the host was frozen. It is compared with the database's.

The local stack moves the clock between ticks. `ORCHESTRATOR_CLOCK_FILE` names a JSON file with the keys `real` and
`shown` (ISO 8601 with offset) and `stands`. The clock shows `shown` plus the real time since `real`; where `stands` is
true it shows `shown`.
"""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as WallTime  # noqa: N812  (the module `time` has the name)
from functools import lru_cache
from pathlib import Path

from orchestrator.errors import ClockWrong, SettingsError

Clock = Callable[[], datetime]
# Returns the seconds that are left of a deadline; negative after it.
Countdown = Callable[[], float]

# Up to this difference from the database's clock, the host's is used as it is.
SMALL_DIFFERENCE = timedelta(seconds=2)
# Beyond this one, one of the two clocks is wrong, and work waits until they agree.
LARGEST_DIFFERENCE = timedelta(seconds=60)


def real_time() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class HostClock:
    """The host's time, or the database's where the two differ (G6)."""

    def __init__(self) -> None:
        self._correction = timedelta(0)

    def __call__(self) -> datetime:
        return real_time() + self._correction

    def compare(self, before: datetime, database_time: datetime, after: datetime) -> None:
        """Compare the host's clock with the database's, and correct it from now on.

        Args:
            before: the host's time before the database read its clock.
            database_time: what the database read.
            after: the host's time when the answer had come.

        Raises:
            ClockWrong: they differ by more than `LARGEST_DIFFERENCE`.
        """
        difference = max(database_time - after, min(database_time - before, timedelta(0)))
        if abs(difference) > LARGEST_DIFFERENCE:
            direction = "behind" if difference > timedelta(0) else "ahead of"
            raise ClockWrong(f"The host's clock is {abs(difference).total_seconds():.0f} s {direction} the database's.")
        self._correction = difference if abs(difference) > SMALL_DIFFERENCE else timedelta(0)


class Stopwatch:
    """Real seconds since it was started, by the larger of the wall clock and the monotonic clock.

    Lambda freezes an environment between invocations. `time.monotonic` may stand still meanwhile, and the wall clock
    may be set back.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Count from now on."""
        self._wall, self._monotonic = time.time(), time.monotonic()

    def seconds(self) -> float:
        """Seconds since the start."""
        return max(time.time() - self._wall, time.monotonic() - self._monotonic)


def clock_from_file(file: Path) -> Clock:
    """A clock that shows the time in `file`, which `write_clock_file` writes."""

    @lru_cache(maxsize=1)
    def read_file(_inode: int, _written_at: int) -> tuple[datetime, datetime | None]:
        content = json.loads(file.read_text())
        stands = content.get("stands")
        return datetime.fromisoformat(content["shown"]), None if stands else datetime.fromisoformat(content["real"])

    def read_clock() -> datetime:
        # A queue reads the time several times for each of its messages: the file is read again when it was replaced.
        written = file.stat()
        shown, since = read_file(written.st_ino, written.st_mtime_ns)
        return shown if since is None else shown + (real_time() - since)

    return read_clock


def write_clock_file(file: Path, shown: datetime, *, stands: bool = False) -> None:
    """Set every clock that reads `file` to `shown`; the clocks run on from there, or stand."""
    new_file = file.with_suffix(".new")
    new_file.write_text(json.dumps({"real": real_time().isoformat(), "shown": shown.isoformat(), "stands": stands}))
    new_file.replace(file)


def parse_wall_time(text: str) -> WallTime:
    """Read a time of day, such as 21:00; 24:00, which Postgres stores too, is midnight (R3).

    Raises:
        ValueError: the text is no time of day, or names an offset: the zone is the person's.
    """
    wall = WallTime(0) if text in ("24:00", "24:00:00") else WallTime.fromisoformat(text)
    if wall.tzinfo is not None:
        raise ValueError("a time of day has no offset")
    return wall


def countdown(seconds: float) -> Countdown:
    """Start a countdown of real seconds, whatever the clock shows."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def wait(clock: Clock, seconds: float) -> bool:
    """Wait for real seconds, where the clock shows real time.

    Returns:
        False, at once, where the clock is moved: the local stack, which moves it, begins the next tick too.
    """
    if not isinstance(clock, HostClock):
        return False
    time.sleep(seconds)
    return True


def clock_from_environment() -> Clock:
    """The host's clock, or the local stack's where `ORCHESTRATOR_CLOCK_FILE` is set.

    Raises:
        SettingsError: the variable is set on AWS, where a text at a wrong hour costs money.
    """
    file = os.environ.get("ORCHESTRATOR_CLOCK_FILE")
    if not file:
        return HostClock()
    if os.environ.get("AWS_EXECUTION_ENV"):  # Lambda sets it; the local stack does not
        raise SettingsError("ORCHESTRATOR_CLOCK_FILE: works on the local stack alone. Unset it on AWS.")
    return clock_from_file(Path(file))
