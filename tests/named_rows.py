"""Rows with a name each, written past the handlers, so that a test can say which of them a statement took."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from tests.world import TUESDAY_10_IN_NEW_YORK as NOW

__all__ = ["ADA", "BEN", "DAY", "HOUR", "MINUTE", "NOW", "SECOND", "NamedRows"]

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADA, BEN = "+12125550101", "+12125550102"


class NamedRows:
    """Writes rows of any table; each name stands for one id, and ids grow in the order in which names come up."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._ids: dict[str, UUID] = {}

    @classmethod
    def of_ada_and_ben(cls, connection: Connection) -> Self:
        """Begin with two people."""
        rows = cls(connection)
        rows.person("ada", ADA)
        rows.person("ben", BEN)
        return rows

    def __getitem__(self, name: str) -> UUID:
        """The id of a name."""
        return self._ids.setdefault(name, UUID(int=len(self._ids) + 1))

    def __setitem__(self, name: str, row_id: UUID) -> None:
        self._ids[name] = row_id

    def name(self, row_id: object) -> str | None:
        """The name of an id; None for NULL."""
        return None if row_id is None else next(name for name, known in self._ids.items() if known == row_id)

    def names(self, row_ids: list[Any]) -> list[str | None]:
        """The names of ids, in their order."""
        return [self.name(row_id) for row_id in row_ids]

    def add(self, table: str, base: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], key: str = "id") -> None:
        """Write a row for each name: the columns of `base`, but for those that the row has itself.

        Args:
            key: the column with the id of the name; empty for a table that has none.
        """
        for name, changes in rows.items():
            self.write(table, **{**({key: self[name]} if key else {}), **base, **changes})

    def write(self, table: str, **columns: Any) -> None:
        """Write one row."""
        values = [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()]
        places = ", ".join(["%s"] * len(columns))
        self.connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})".encode(), values)

    def person(self, name: str, phone_number: str, **columns: Any) -> UUID:
        """Write a person, whose external id is the name; returns the id."""
        self.write("users", **{"id": self[name], "phone_number": phone_number, "external_id": name, **columns})
        return self[name]

    @contextmanager
    def without_luck(self) -> Iterator[None]:
        """Let no index, and no sort of another purpose, give the order that a statement asks for."""
        with self.connection.transaction():
            for plan in ("indexscan", "indexonlyscan", "bitmapscan", "sort"):
                self.connection.execute(f"SET LOCAL enable_{plan} = off".encode())
            yield

    def message(self, to: str, **columns: Any) -> dict[str, Any]:
        """The columns of a message to a person, which is due."""
        return {
            "user_id": self[to],
            "agent_id": "saga",
            "message_data": {"type": "news"},
            "priority": "high",
            "status": "queued",
            "accepted_at": NOW,
            "scheduled_for": NOW,
            **columns,
        }

    def attempt(self, to: str, **columns: Any) -> dict[str, Any]:
        """The columns of an attempt to text a person, which Twilio accepted."""
        return {
            "user_id": self[to],
            "conversation_id": UUID(int=0),
            "phone_number": ADA,
            "fingerprint": "",
            "local_date": NOW.date(),
            "holds_slot": True,
            "started_at": NOW,
            "outcome": "accepted",
            **columns,
        }

    def text(self, of: str, **columns: Any) -> dict[str, Any]:
        """The columns of a text that a person wrote; the first one of a person writes their conversation, too."""
        conversation = f"conversation of {of}"
        if conversation not in self._ids:
            self.write("conversations", id=self[conversation], user_id=self[of], phone_number=ADA)
        return {
            "conversation_id": self[conversation],
            "user_id": self[of],
            "role": "user",
            "content": "Hm",
            "direction": "inbound",
            "status": "received",
            "created_at": NOW,
            **columns,
        }
