"""What Claude cost, and what was saved."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class Spent:
    """One line of the bill: a day's calls of one kind, for one agent, to one model."""

    day: date
    action: str
    agent: str
    model: str
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Saved:
    """Calls that were not made, and what one such call costs on average."""

    what: str
    calls: int
    each_usd: Decimal


def read_costs(connection: Connection, since: datetime) -> list[Spent]:
    """The bill since a time, newest day first."""
    with connection.cursor(row_factory=class_row(Spent)) as cursor:
        return cursor.execute(sql("costs"), {"since": since}).fetchall()


@dataclass(frozen=True, slots=True)
class Texts:
    """What a day's texts cost at Twilio, by the price table."""

    day: date
    texts: int
    segments: int
    twilio_usd: Decimal


def read_texts(connection: Connection, since: datetime) -> list[Texts]:
    """What texts cost since a time, newest day first."""
    with connection.cursor(row_factory=class_row(Texts)) as cursor:
        return cursor.execute(sql("read_spending"), {"since": since.date()}).fetchall()


def read_savings(connection: Connection, since: datetime) -> list[Saved]:
    """What was saved since a time."""
    with connection.cursor(row_factory=class_row(Saved)) as cursor:
        return cursor.execute(sql("savings"), {"since": since}).fetchall()
