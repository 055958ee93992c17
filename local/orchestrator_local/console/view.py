"""What the page shows now: people with their phones, what waits, what ended; read from the database and the phones."""

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

PEOPLE = 8
LANE_ROWS = 20
TEXTS = 12
ENDED = 12
_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page looks at: which page of people, whom it searches, which page of each lane, and whose story."""

    people_page: int = 0
    search: str = ""
    lane_pages: Mapping[str, int] = field(default_factory=dict)
    message_id: UUID | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read it from a query string; nonsense counts as the first page."""
        return cls(
            people_page=_page(query.get("people")),
            search=query.get("search", "")[:100],
            lane_pages={lane: _page(query.get(lane)) for lane in Lane},
            message_id=as_uuid(query.get("message", "")),
        )


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text on a phone."""

    ours: bool
    words: str
    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A person as their phone shows them.

    Attributes:
        quiet: start and end as parts of a day; None where there are no quiet hours.
        hand: the local time as a part of a day.
    """

    user_id: str
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
    active_until: datetime | None
    opted_out: bool
    unjudged: bool
    waiting: int
    bubbles: Sequence[Bubble]


def read_people(
    connection: Connection, phones: Phones, policy: PolicySettings, wanted: Wanted, now: datetime
) -> tuple[list[Phone], int]:
    """One page of people with their phones, and how many people there are."""
    page = {"search": wanted.search, "size": PEOPLE, "skip": wanted.people_page * PEOPLE}
    rows = _rows(connection, "people", page)
    texts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for text in _rows(connection, "texts", {"user_ids": [row["id"] for row in rows], "most": TEXTS}):
        texts[str(text["user_id"])].append(text)
    return [_phone(connection, row["id"], texts[row["id"]], phones, policy, now) for row in rows], rows[0][
        "of_all"
    ] if rows else 0


def read_lanes(connection: Connection, wanted: Wanted) -> dict[str, list[dict[str, Any]]]:
    """What waits, lane by lane, next to go first: a page of each."""
    lanes: dict[str, list[dict[str, Any]]] = {}
    for lane in Lane:
        page = wanted.lane_pages.get(lane, 0)
        rows = _rows(connection, "waiting", {"lane": lane, "size": LANE_ROWS, "skip": page * LANE_ROWS})
        lanes[lane] = [{**row, "why": explain(row["reason"]) if row["reason"] else ""} for row in rows]
    return lanes


def read_ended(connection: Connection) -> list[dict[str, Any]]:
    """What ended last."""
    return [
        {**row, "why": explain(row["reason"]) if row["reason"] else ""}
        for row in _rows(connection, "newest", {"most": ENDED})
    ]


def _phone(
    connection: Connection,
    user_id: str,
    texts: Sequence[Mapping[str, Any]],
    phones: Phones,
    policy: PolicySettings,
    now: datetime,
) -> Phone:
    record = read_user(connection, user_id, now)
    person = record.person
    zone = next(iter(person.zones), ZoneInfo("UTC"))
    limits = limits_of(person, policy)
    quiet = quiet_hours_for(person, policy)
    local = now.astimezone(zone)
    return Phone(
        user_id=user_id,
        name=person.first_name or record.external_id or "?",
        number=person.phone_number,
        zone=zone.key,
        local_time=local,
        hand=_part_of_day(local.time()),
        quiet=(_part_of_day(quiet.start), _part_of_day(quiet.end)) if quiet else None,
        quiet_words=f"{quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet else "none",
        sent_today=person.sent_by_day.get(local_date(now, zone), 0),
        daily_limit=limits.daily,
        sent_this_hour=record.sent_this_hour,
        hourly_limit=limits.hourly,
        active_until=active_until(person, now) if is_active(person, now) else None,
        opted_out=person.opted_out,
        unjudged=person.has_unread_text,
        waiting=record.waiting,
        bubbles=_bubbles(person, texts, phones),
    )


def _bubbles(person: Person, texts: Sequence[Mapping[str, Any]], phones: Phones) -> list[Bubble]:
    """What arrived on the phone, also before the database knows of it; and what was there before this stack."""
    known = {text["sid"]: text for text in texts}
    arrived = [
        Bubble(True, text.body, text.arrived_at, known.pop(text.sid, {}).get("status", "arrived"))
        for text in phones.texts
        if text.to == person.phone_number
    ]
    written = []
    for text in phones.replies:
        if text.to == person.phone_number:
            known.pop(text.sid, {})
            written.append(Bubble(False, text.body, text.arrived_at, ""))
    before = [
        Bubble(text["direction"] == "outbound", text["content"], text["at"], text["status"] or "")
        for text in known.values()
    ]
    return sorted([*arrived, *written, *before], key=lambda bubble: bubble.at)[-TEXTS:]


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


def as_uuid(text: str) -> UUID | None:
    """An id from an address; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
