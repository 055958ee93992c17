"""The clock (G6): a procedure reads the time here once and passes it on as an argument.

The local stack moves the clock between ticks. `ORCHESTRATOR_CLOCK_FILE` names a JSON file with the keys `real` and
`shown` (ISO 8601 with offset) and `stands`. The clock shows `shown` plus the real time since `real`; where `stands` is
true it shows `shown`.
"""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import SettingsError

Clock = Callable[[], datetime]
# Returns the seconds that are left of a deadline; negative after it.
Countdown = Callable[[], float]


def real_time() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def clock_from_file(file: Path) -> Clock:
    """A clock that shows the time in `file`, which `write_clock_file` writes."""

    def read_clock() -> datetime:
        content = json.loads(file.read_text())
        shown = datetime.fromisoformat(content["shown"])
        return shown if content.get("stands") else shown + (real_time() - datetime.fromisoformat(content["real"]))

    return read_clock


def write_clock_file(file: Path, shown: datetime, *, stands: bool = False) -> None:
    """Set every clock that reads `file` to `shown`; the clocks run on from there, or stand."""
    new_file = file.with_suffix(".new")
    new_file.write_text(json.dumps({"real": real_time().isoformat(), "shown": shown.isoformat(), "stands": stands}))
    new_file.replace(file)


def countdown(seconds: float) -> Countdown:
    """Start a countdown of real seconds, whatever the clock shows."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def clock_from_environment() -> Clock:
    """The real clock, or the local stack's where `ORCHESTRATOR_CLOCK_FILE` is set.

    Raises:
        SettingsError: the variable is set on AWS, where a text at a wrong hour costs money.
    """
    file = os.environ.get("ORCHESTRATOR_CLOCK_FILE")
    if not file:
        return real_time
    if os.environ.get("AWS_EXECUTION_ENV"):  # Lambda sets it; the local stack does not
        raise SettingsError("ORCHESTRATOR_CLOCK_FILE: works on the local stack alone. Unset it on AWS.")
    return clock_from_file(Path(file))
