"""Reads what Claude and texts cost, and which calls to Claude were avoided."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.store.database import sql


@dataclass(frozen=True, slots=True)
class ClaudeCosts:
    """The calls of one UTC day, of one kind, for one agent, to one model; costs in US dollars."""

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
class Savings:
    """Calls that were avoided in one way; `each_usd` is what one such call costs on average, in US dollars."""

    what: str
    calls: int
    each_usd: Decimal


def read_costs(connection: Connection, since: datetime) -> list[ClaudeCosts]:
    """Return what Claude cost since a time, newest day first."""
    with connection.cursor(row_factory=class_row(ClaudeCosts)) as cursor:
        return cursor.execute(sql("read_claude_costs"), {"since": since}).fetchall()


@dataclass(frozen=True, slots=True)
class TextCosts:
    """What a UTC day's texts cost at Twilio in US dollars, as the price table estimates it."""

    day: date
    texts: int
    segments: int
    twilio_usd: Decimal


def read_text_costs(connection: Connection, since: datetime) -> list[TextCosts]:
    """Return what texts cost since a time, newest day first."""
    with connection.cursor(row_factory=class_row(TextCosts)) as cursor:
        return cursor.execute(sql("read_text_costs"), {"since": since.date()}).fetchall()


def read_savings(connection: Connection, since: datetime) -> list[Savings]:
    """Return the calls that were avoided since a time."""
    with connection.cursor(row_factory=class_row(Savings)) as cursor:
        return cursor.execute(sql("read_savings"), {"since": since}).fetchall()
