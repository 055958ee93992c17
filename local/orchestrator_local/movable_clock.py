"""The clock of the local stack: it runs in real time, or an operator pauses, steps, speeds up or moves it (G6)."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection

from orchestrator.clock import clock_from_file, write_clock_file
from orchestrator.errors import OrchestratorError
from orchestrator_local.queues import LocalQueues

MINUTE = timedelta(minutes=1)
# A fast clock moves on once in this many real seconds.
STEP_SECONDS = 0.25
# The clock waits at most this many real seconds for running work before it moves on.
WORK_TIMEOUT_SECONDS = 5.0
# The largest step forward. By then every message has ended: the default expiry is 7 days (R9).
MAX_STEP = timedelta(days=8)
# 0 stands still, 1 is real time; 60 and 3,600 are that many times faster, as far as the machine keeps up.
SPEEDS = (0, 1, 60, 3600)

_NEXT_MOMENT = (Path(__file__).parent / "sql" / "next_moment.sql").read_bytes()


class ClockCannotMove(OrchestratorError):
    """The clock is the real one, or the requested time or speed is not possible."""


class MovableClock:
    """The clock of a local stack. It calls `each_minute` once for every minute that it shows.

    Args:
        clock_file: the file that every process of the stack reads its time from.
        each_minute: dispatches what is due.
        queues: the stack's queues; the clock waits until they are empty before it moves on.
        connect: opens a connection to the stack's database.

    Attributes:
        now: the time that the clock shows.
        speed: one of `SPEEDS`.
    """

    def __init__(
        self,
        clock_file: Path,
        each_minute: Callable[[], object],
        queues: LocalQueues,
        connect: Callable[[], Connection],
    ) -> None:
        self.now = clock_from_file(clock_file)
        self.speed = 1
        self._clock_file = clock_file
        self._each_minute = each_minute
        self._queues = queues
        self._connect = connect
        self._moving = threading.Lock()
        self._last_minute = self.now()

    def set_speed(self, speed: int) -> None:
        """Change the speed.

        Raises:
            ClockCannotMove: the speed is not one of `SPEEDS`.
        """
        if speed not in SPEEDS:
            raise ClockCannotMove(f"speed: {speed} is none of {', '.join(map(str, SPEEDS))}.")
        with self._moving:
            self.speed = speed
            self._show(self.now())

    def advance_to(self, moment: datetime) -> None:
        """Move forward to a moment. On the way, stop at each minute in which something is due, and dispatch it.

        Raises:
            ClockCannotMove: the moment is in the past, or more than 8 days ahead.
        """
        now = self.now()
        if moment <= now:
            raise ClockCannotMove(f"moment: {moment:%a %d %b %H:%M %Z} is not ahead. The clock only goes forward.")
        if moment > now + MAX_STEP:
            raise ClockCannotMove(f"moment: it is more than {MAX_STEP.days} days ahead. Go there in steps.")
        with self._moving:
            self._advance_to(moment)

    def set(self, moment: datetime) -> None:
        """Show a moment at once. What is due before it waits for the next minute."""
        with self._moving:
            self._show(moment)

    def run(self, stopping: threading.Event) -> None:
        """Let the minutes pass at the current speed until `stopping` is set."""
        while not stopping.wait(STEP_SECONDS):
            with self._moving:
                if self.speed == 1:
                    self._pass_minute()
                elif self.speed > 1:
                    self._advance_to(self.now() + self.speed * timedelta(seconds=STEP_SECONDS))

    def _pass_minute(self) -> None:
        now = self.now()
        if now - self._last_minute >= MINUTE:
            self._last_minute = now
            self._each_minute()

    def _advance_to(self, target: datetime) -> None:
        with self._connect() as connection:
            while (now := self.now()) < target:
                self._wait_for_running_work()
                moment = min(target, self._next_moment(connection, now))
                self._show(moment)
                if moment < target or moment - self._last_minute >= MINUTE:
                    self._last_minute = moment
                    self._each_minute()
            self._wait_for_running_work()

    def _next_moment(self, connection: Connection, now: datetime) -> datetime:
        """The next moment at which something may be due."""
        found, overdue = connection.execute(_NEXT_MOMENT, {"now": now}).fetchone() or (None, False)
        if overdue:
            return now + MINUTE
        return max(found, now + timedelta(seconds=1)) if found else now + MAX_STEP

    def _wait_for_running_work(self) -> None:
        deadline = time.monotonic() + WORK_TIMEOUT_SECONDS
        while self._queues.has_work() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _show(self, moment: datetime) -> None:
        write_clock_file(self._clock_file, moment, stands=self.speed != 1)
