"""Samples what the sessions of a database wait for while something runs."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

# Seconds between two samples.
PACE = 0.01
# Waiting for the client is not waiting in Postgres.
_WAITING = """
SELECT wait_event_type, wait_event
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
   AND state = 'active' AND wait_event IS NOT NULL AND wait_event_type <> 'Client'
"""


@dataclass
class Waits:
    """How often sessions were seen waiting, by the type and name of the wait event."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def lock_share(self) -> float:
        """The share of all waiting that is on a lock of a row, a table or a transaction: two waves want the same.

        Postgres also calls it a lock where sessions wait for a table's file to grow, which is the disk's time.
        """
        locks = sum(times for (kind, name), times in self.seen.items() if kind == "Lock" and name != "extend")
        return locks / (self.seen.total() or 1)

    def show(self, most: int = 5) -> str:
        """The most frequent events, with their shares."""
        total = self.seen.total() or 1
        return ", ".join(f"{kind}:{name} {times / total:.0%}" for (kind, name), times in self.seen.most_common(most))


@contextmanager
def sample_waits(url: str, waits: Waits) -> Iterator[None]:
    """Sample the sessions of a database until the block ends; adds to `waits`."""
    stop = threading.Event()

    def sample() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.wait(PACE):
                waits.seen.update((kind, name) for kind, name in connection.execute(_WAITING.encode()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
