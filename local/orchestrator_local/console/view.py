"""Reads what the page shows: people with their phones, waiting messages and ended messages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.activity import active_until, is_active
from orchestrator.rules.explanations import explain
from orchestrator.rules.limits import limits_of
from orchestrator.rules.local_time import local_date
from orchestrator.rules.quiet_hours import quiet_hours_for
from orchestrator.settings import PolicySettings
from orchestrator.store.people import read_user
from orchestrator_local.stand_ins.phones import Phones

# How much one page shows: people, waiting messages of a lane, texts of a person, ended and
# rejected messages, and messages that wait for their user to be created.
PEOPLE = 8
LANE_ROWS = 20
TEXTS = 12
ENDED = 12
REJECTED = 12
MOST_WAITS = 12
_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What a browser asks the page to show.

    Attributes:
        people_page: which page of people, from 0.
        search: a part of a name, an id or a number; empty for all people.
        lane_pages: which page of each lane, from 0.
        message: the id of the message whose history is open, as the address has it; empty where none is.
    """

    people_page: int = 0
    search: str = ""
    lane_pages: Mapping[str, int] = field(default_factory=dict)
    message: str = ""

    @property
    def message_id(self) -> UUID | None:
        """The message whose history is open; None where none is, or where the address has no valid id."""
        try:
            return UUID(self.message)
        except ValueError:
            return None

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> "PageQuery":
        """Read it from the parameters of an address. An invalid page is the first page."""
        return cls(
            people_page=_page(parameters.get("people")),
            search=parameters.get("search", "")[:100],
            lane_pages={lane: _page(parameters.get(lane)) for lane in Lane},
            message=parameters.get("message", "")[:100],
        )


@dataclass(frozen=True, slots=True)
class PhoneText:
    """A text on a phone; `outbound` is one that we sent, for the message `message_id` once it is recorded."""

    outbound: bool
    words: str
    at: datetime
    status: str
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person with their phone.

    Attributes:
        reference: the id under which an agent publishes to them.
        hand: the local time as a part of the day, from 0 to 1.
        quiet: start and end of quiet hours as parts of the day; None where there are none.
        quiet_words: quiet hours in words.
        above_limit: why more texts went than a limit allows; empty where none did.
        active_until: the end of the person's activity (R4); None when they are not active.
        unread: a text of the person is not classified yet, and holds their messages (R11).
        waiting: how many messages wait for the person.
        texts: the newest texts, oldest first.
    """

    user_id: str
    reference: str
    name: str
    number: str
    zone: str
    local_time: datetime
    hand: float
    quiet: tuple[float, float] | None
    quiet_words: str
    sent_today: int
    daily_limit: int
    sent_this_hour: int
    hourly_limit: int
    above_limit: str
    active_until: datetime | None
    opted_out: bool
    unread: bool
    waiting: int
    texts: Sequence[PhoneText]


def read_people(
    connection: Connection, phones: Phones, policy: PolicySettings, query: PageQuery, now: datetime
) -> tuple[list[PersonView], int]:
    """Read one page of people, and the number of all people."""
    page = {"search": query.search, "size": PEOPLE, "skip": query.people_page * PEOPLE}
    rows = _rows(connection, "people", page)
    texts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for text in _rows(connection, "texts", {"user_ids": [row["id"] for row in rows], "most": TEXTS}):
        texts[str(text["user_id"])].append(text)
    people = [_person_view(connection, row["id"], texts[row["id"]], phones, policy, now) for row in rows]
    return people, rows[0]["total"] if rows else 0


def read_lanes(connection: Connection, query: PageQuery) -> dict[str, list[dict[str, Any]]]:
    """Read one page of the waiting messages of each lane, in the order of their due times."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    for lane in Lane:
        page = query.lane_pages.get(lane, 0)
        rows = _rows(connection, "waiting", {"lane": lane, "size": LANE_ROWS, "skip": page * LANE_ROWS})
        lanes[lane] = [{**row, "why": explain(row["reason"]) if row["reason"] else ""} for row in rows]
    return lanes


def read_endings(connection: Connection) -> list[dict[str, Any]]:
    """Read the newest messages that ended."""
    return [
        {**row, "why": explain(row["reason"]) if row["reason"] else ""}
        for row in _rows(connection, "ended", {"most": ENDED})
    ]


def _person_view(
    connection: Connection,
    user_id: str,
    texts: Sequence[Mapping[str, Any]],
    phones: Phones,
    policy: PolicySettings,
    now: datetime,
) -> PersonView:
    record = read_user(connection, user_id, now)
    person = record.person
    zone = next(iter(person.zones), ZoneInfo("UTC"))
    limits = limits_of(person, policy)
    quiet = quiet_hours_for(person, policy)
    local = now.astimezone(zone)
    today = local_date(now, zone)
    sent_today = person.sent_by_day.get(today, 0)
    above_hour = record.sent_this_hour > limits.hourly
    above_limit = ""
    if above_hour or sent_today > limits.daily:
        rules = _rows(connection, "above_limit", {"user_id": user_id, "today": today, "now": now})[0]
        above_limit = describe_above_limit(above_hour, rules["of_hour"] if above_hour else rules["of_day"])
    return PersonView(
        user_id=user_id,
        reference=record.external_id or user_id,
        name=person.first_name or record.external_id or "?",
        number=person.phone_number,
        zone=zone.key,
        local_time=local,
        hand=_part_of_day(local.time()),
        quiet=(_part_of_day(quiet.start), _part_of_day(quiet.end)) if quiet else None,
        quiet_words=f"{quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet else "none",
        sent_today=sent_today,
        daily_limit=limits.daily,
        sent_this_hour=record.sent_this_hour,
        hourly_limit=limits.hourly,
        above_limit=above_limit,
        active_until=active_until(person, now) if is_active(person, now) else None,
        opted_out=person.opted_out,
        unread=person.has_unread_text,
        waiting=record.waiting,
        texts=_phone_texts(person, texts, phones),
    )


def _phone_texts(person: Person, rows: Sequence[Mapping[str, Any]], phones: Phones) -> list[PhoneText]:
    """The newest texts on a person's phone.

    The stand-in knows a text before the database does. Only the database knows the texts of earlier runs.
    """
    stored = {row["sid"]: row for row in rows}
    received = []
    for text in phones.texts:
        if text.to == person.phone_number:
            row = stored.pop(text.sid, {})
            status = row.get("status", "arrived")
            received.append(PhoneText(True, text.body, text.arrived_at, status, row.get("message_id")))
    written = []
    for text in phones.replies:
        if text.to == person.phone_number:
            stored.pop(text.sid, None)
            written.append(PhoneText(False, text.body, text.arrived_at, ""))
    earlier = [
        PhoneText(row["direction"] == "outbound", row["content"], row["at"], row["status"] or "", row["message_id"])
        for row in stored.values()
    ]
    return sorted([*received, *written, *earlier], key=lambda text: text.at)[-TEXTS:]


# Why a text may go above a limit, by the columns of above_limit.sql.
_ABOVE_LIMIT = {
    "urgent": "urgent (R5)",
    "active": "while the person was active (R4)",
    "reply": "in reply to a text of theirs (R12)",
}


def describe_above_limit(of_hour: bool, counts: Mapping[str, int]) -> str:
    """Why a person got more texts than a limit allows.

    Args:
        of_hour: whether it is the hourly limit, or else the daily limit.
        counts: how many texts each rule let through, by `urgent`, `active` and `reply`.
    """
    by_rule = [f"{counts[rule]} {words}" for rule, words in _ABOVE_LIMIT.items() if counts.get(rule)]
    others = "texts of another sender count too, and a limit may have been lowered since"
    return f"Above the {'hourly' if of_hour else 'daily'} limit: {', '.join(by_rule) or others}."


def _part_of_day(wall: time) -> float:
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second) / timedelta(days=1)


@cache
def _sql(name: str) -> bytes:
    return (_SQL / f"{name}.sql").read_bytes()


def _rows(connection: Connection, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_sql(name), parameters).fetchall()


def _page(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0
