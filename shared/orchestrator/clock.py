"""The one clock (G6): procedures take the time from here once and pass it on.

On one machine the local stack moves the clock between ticks: `ORCHESTRATOR_CLOCK_FILE` names a JSON file with
`real` and `shown` (ISO 8601 with offset), and the clock shows `shown` plus the real time that passed since `real`, or
stands at `shown` where `stands` is true.
"""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import SettingsError

Clock = Callable[[], datetime]
# Tells how many seconds are left of a deadline.
Countdown = Callable[[], float]


def real_time() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def moved_clock(file: Path) -> Clock:
    """A clock that shows the time the local stack wrote to `file`, and runs on from there."""

    def shown_time() -> datetime:
        setting = json.loads(file.read_text())
        shown = datetime.fromisoformat(setting["shown"])
        return shown if setting.get("stands") else shown + (real_time() - datetime.fromisoformat(setting["real"]))

    return shown_time


def set_moved_clock(file: Path, shown: datetime, *, stands: bool = False) -> None:
    """Make every clock that reads `file` show `shown` from this moment on, and run on from there or stand."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"real": real_time().isoformat(), "shown": shown.isoformat(), "stands": stands}))
    fresh.replace(file)


def countdown(seconds: float) -> Countdown:
    """Tells how many of these seconds are left, from now on; real seconds, whatever the clock shows."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def clock_from_environment() -> Clock:
    """The real clock, or the local stack's.

    Raises:
        SettingsError: the moved clock is asked for on AWS, where a wrong hour costs people money.
    """
    file = os.environ.get("ORCHESTRATOR_CLOCK_FILE")
    if not file:
        return real_time
    if os.environ.get("AWS_EXECUTION_ENV"):  # set by Lambda itself, never by the local stack
        raise SettingsError("ORCHESTRATOR_CLOCK_FILE: works on the local stack alone. Unset it on AWS.")
    return moved_clock(Path(file))
