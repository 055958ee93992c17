"""The minutes of the local stack: in real time, or moved by hand: paused, stepped, faster, on to a moment (G6)."""

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
# How often a clock that runs fast is moved on, in real seconds.
HOP_SECONDS = 0.25
# How long the clock waits for what is under way before it moves on.
PATIENCE_SECONDS = 5.0
# Nobody needs to see further ahead.
FURTHEST = timedelta(days=8)
SPEEDS = (0, 1, 60, 3600)

_NEXT = (Path(__file__).parent / "sql" / "next_moment.sql").read_bytes()


class ClockCannotMove(OrchestratorError):
    """The clock is the real one, or was asked to go where it does not go."""


class TimeTravel:
    """The clock of a local stack, and its minutes.

    Attributes:
        speed: 0 stands, 1 is real time; 60 and 3,600 are as many times faster, as far as the machine keeps up.
    """

    def __init__(
        self, clock_file: Path, tick: Callable[[], object], queues: LocalQueues, connect: Callable[[], Connection]
    ) -> None:
        self.clock = clock_from_file(clock_file)
        self.speed = 1
        self._clock_file = clock_file
        self._tick = tick
        self._queues = queues
        self._connect = connect
        self._moving = threading.Lock()
        self._last_tick = self.clock()

    def run_at(self, speed: int) -> None:
        """Change the speed.

        Raises:
            ClockCannotMove: there is no such speed.
        """
        if speed not in SPEEDS:
            raise ClockCannotMove(f"speed: {speed} is none of {', '.join(map(str, SPEEDS))}.")
        with self._moving:
            self.speed = speed
            self._show(self.clock())

    def move_to(self, moment: datetime) -> None:
        """Go on to a moment, minute by minute where there is something to do, and let what falls due on the way go.

        Raises:
            ClockCannotMove: it lies in the past, or more than 8 days ahead.
        """
        now = self.clock()
        if moment <= now:
            raise ClockCannotMove(f"moment: {moment:%a %d %b %H:%M %Z} is not ahead. The clock only goes forward.")
        if moment > now + FURTHEST:
            raise ClockCannotMove(f"moment: it is more than {FURTHEST.days} days ahead. Go there in steps.")
        with self._moving:
            self._advance_to(moment)

    def set(self, moment: datetime) -> None:
        """Show a moment at once; nothing on the way there happens before the next minute."""
        with self._moving:
            self._show(moment)

    def live(self, stopping: threading.Event) -> None:
        """Let the minutes pass until `stopping`."""
        while not stopping.wait(HOP_SECONDS):
            with self._moving:
                if self.speed == 1:
                    self._pass_minute()
                elif self.speed > 1:
                    self._advance_to(self.clock() + self.speed * timedelta(seconds=HOP_SECONDS))

    def _pass_minute(self) -> None:
        now = self.clock()
        if now - self._last_tick >= MINUTE:
            self._last_tick = now
            self._tick()

    def _advance_to(self, target: datetime) -> None:
        with self._connect() as connection:
            while (now := self.clock()) < target:
                self._wait_until_nothing_is_under_way()
                moment = min(target, self._next_moment(connection, now))
                self._show(moment)
                if moment < target or moment - self._last_tick >= MINUTE:
                    self._last_tick = moment
                    self._tick()
            self._wait_until_nothing_is_under_way()

    def _next_moment(self, connection: Connection, now: datetime) -> datetime:
        """The next one at which something may happen."""
        found, overdue = connection.execute(_NEXT, {"now": now}).fetchone() or (None, False)
        if overdue:
            return now + MINUTE
        return max(found, now + timedelta(seconds=1)) if found else now + FURTHEST

    def _wait_until_nothing_is_under_way(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._queues.busy() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _show(self, moment: datetime) -> None:
        write_clock_file(self._clock_file, moment, stands=self.speed != 1)
