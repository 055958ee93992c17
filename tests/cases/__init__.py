"""Cases that a product manager can read, and the reader that turns them into values."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.messages import Lane
from orchestrator.people import Person, find_zone, zones_of_number
from orchestrator.purpose import Purpose
from orchestrator.rules.decision_values import CheckRelevance, Decision, End, Hold, Send
from orchestrator.rules.reasons import Reason
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import MessageState

HERE = Path(__file__).parent
MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001  (a wall clock, which a zone is added to)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NEWER = UUID(int=0xBEEF)
# The words of the tables. A flag stands alone (`now!`), a fact has a value (`sent=10`).
MESSAGE_FLAGS = {
    *Lane,
    *(
        "now!",
        "fresh",
        "paused",
        "withdrawn",
        "superseded",
        "higher-due",
        "part",
        "next-part",
        "broken",
        "reply",
        "marketing",
        "inbound-unread",
        "no-consent",
        "revoked",
    ),
}
MESSAGE_FACTS = {"queued", "for", "best", "expires", "judged", "parts"}
PERSON_FLAGS = {"opted-out", "unjudged", "dead-number"}
PERSON_FACTS = {
    *("phone", "zone", "quiet", "daily", "hourly", "sent", "sent-yesterday", "recent", "planned", "wrote", "texts"),
    *("hours", "days", "pattern", "unreachable-until", "country-paused-until", "active-hour", "active-day", "place"),
    *("law-sent", "replies"),
}


class MalformedCase(ValueError):
    """A line of a table holds a token that the reader does not know, or leaves out one that it needs."""


@dataclass(frozen=True, slots=True)
class TableCase:
    """One line of a table."""

    situation: str
    message: MessageState
    person: Person
    paused: bool
    now: datetime
    expected: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The tokens of one cell."""

    flags: frozenset[str]
    facts: Mapping[str, str]


def read_cases(name: str) -> Iterator[TableCase]:
    """Read the cases of one table.

    Raises:
        MalformedCase: a line holds a token that the reader does not know; the error names the line.
    """
    for cells in table(name):
        try:
            situation, message, person, now, expected = cells
            yield _case(
                situation,
                read_cell(message, MESSAGE_FLAGS, MESSAGE_FACTS),
                read_cell(person, PERSON_FLAGS, PERSON_FACTS),
                now,
                expected,
            )
        except ValueError as error:
            raise MalformedCase(f"{name}: {' | '.join(cells)}: {error}") from error


def read_cell(text: str, flags: Collection[str], facts: Collection[str]) -> Cell:
    """Read the tokens of one cell.

    Raises:
        MalformedCase: a token is no known flag or fact, a fact has no value, or a token stands there twice.
    """
    tokens = text.split()
    values = dict(token.split("=", 1) for token in tokens if "=" in token)
    for token in tokens:
        name, equals, value = token.partition("=")
        if not (name in facts and value if equals else token in flags):
            raise MalformedCase(f"the token {token!r} is unknown; known are {', '.join(sorted([*flags, *facts]))}")
    found = frozenset(token for token in tokens if "=" not in token)
    if len(found) + len(values) < len(tokens):
        raise MalformedCase(f"a token stands twice in {text!r}")
    return Cell(found, values)


def table(name: str) -> Iterator[list[str]]:
    """Read the cells of each line."""
    for line in (HERE / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]


def describe(verdict: Decision, now: datetime, zone: ZoneInfo) -> str:
    """A verdict in the words of the table."""
    match verdict:
        case Send(active_since=since):
            return "send (active)" if since else "send"
        case Hold(until, reason):
            return f"hold until {wall(until, zone)}: {reason}"
        case End(status, reason):
            return f"end as {status}: {reason}"
        case CheckRelevance():
            return "ask"


def describe_due(due: datetime, reason: Reason | None, now: datetime, zone: ZoneInfo) -> str:
    """When a message is first due, in the words of the table."""
    return "now" if due == now else f"{wall(due, zone)}: {reason}"


def wall(instant: datetime, zone: ZoneInfo) -> str:
    """An instant as the table writes it."""
    local = instant.astimezone(zone)
    days = (local.date() - MONDAY.date()).days
    day = (
        DAYS[days]
        if 0 <= days < 7 and local.utcoffset() == MONDAY.replace(tzinfo=zone).utcoffset()
        else f"{local:%Y-%m-%d}"
    )
    return f"{day} {local:%H:%M}"


def zone_of(person: Person) -> ZoneInfo:
    """The zone in which a case tells its times."""
    return find_zone(person.timezone) or next(iter(zones_of_number("+12125550101")))


def _case(situation: str, message: Cell, person: Cell, now_text: str, expected: str) -> TableCase:
    zone_name = None if person.facts.get("zone") == "none" else person.facts.get("zone", "America/New_York")
    zone = find_zone(zone_name) or ZoneInfo("America/New_York")
    now = _instant(now_text, zone)
    return TableCase(
        situation=situation,
        message=_message(message, zone, now),
        person=_person(person, zone_name, zone, now),
        paused="paused" in message.flags,
        now=now,
        expected=expected,
    )


def _message(cell: Cell, zone: ZoneInfo, now: datetime) -> MessageState:
    def instant(name: str) -> datetime | None:
        return _instant(cell.facts[name].replace("_", " "), zone) if name in cell.facts else None

    (lane,) = cell.flags & {*Lane}
    accepted_at = instant("queued") or now - timedelta(hours=1)
    verdict, _, checked_at = cell.facts.get("judged", Relevance.UNASKED).partition("@")
    return MessageState(
        lane=Lane(lane),
        can_delay="now!" not in cell.flags,
        due=now,
        not_before=instant("for"),
        best_at=instant("best"),
        expires_at=instant("expires") or accepted_at + timedelta(days=7),
        accepted_at=accepted_at,
        requires_fresh_context="fresh" in cell.flags,
        withdrawn="withdrawn" in cell.flags,
        superseded_by=NEWER if "superseded" in cell.flags else None,
        higher_is_due="higher-due" in cell.flags,
        in_sequence=bool(cell.flags & {"part", "next-part"}),
        continues="next-part" in cell.flags,
        broken="broken" in cell.flags,
        parts=int(cell.facts.get("parts", 1)),
        is_reply="reply" in cell.flags,
        purpose=Purpose.MARKETING if "marketing" in cell.flags else Purpose.INFORMATIONAL,
        has_consent="no-consent" not in cell.flags,
        revoked="revoked" in cell.flags,
        inbound_unread="inbound-unread" in cell.flags,
        relevance=Relevance(verdict),
        checked_at=_instant(f"Tue {checked_at}", zone) if checked_at else None,
    )


def _person(cell: Cell, zone_name: str | None, zone: ZoneInfo, now: datetime) -> Person:
    facts = cell.facts
    today = now.astimezone(zone).date()
    quiet_start, quiet_end = _window(facts.get("quiet"))
    pattern: object = json.loads(facts["pattern"]) if "pattern" in facts else None
    if "hours" in facts or "days" in facts:
        pattern = {
            "best_hours": [int(hour) for hour in facts.get("hours", "10").split(",")],
            **({"preferred_days": facts["days"].split(",")} if "days" in facts else {}),
        }

    def times(name: str) -> tuple[datetime, ...]:
        given = facts[name].split(",") if name in facts else []
        instants = [
            _instant(part.replace("_", " "), zone)
            if "_" in part
            else datetime.combine(today, time.fromisoformat(part), zone)
            for part in given
        ]
        # A time of day that is still to come was yesterday's, unless it is planned.
        return tuple(i - timedelta(days=1) if i > now and name in ("recent", "law-sent") else i for i in instants)

    return Person(
        user_id=UUID(int=1),
        phone_number=facts.get("phone", "+12125550101"),
        timezone=zone_name,
        place=facts.get("place"),
        quiet_hours_start=quiet_start,
        quiet_hours_end=quiet_end,
        quiet_hours_enabled=False if facts.get("quiet") == "off" else None,
        daily_limit=int(facts["daily"]) if "daily" in facts else None,
        hourly_limit=int(facts["hourly"]) if "hourly" in facts else None,
        sent_by_day={
            day: int(facts[name])
            for name, day in (("sent", today), ("sent-yesterday", today - timedelta(days=1)))
            if name in facts
        },
        recent_sends=times("recent"),
        law_sends=times("law-sent"),
        planned_sends=times("planned"),
        opted_out="opted-out" in cell.flags,
        last_inbound_at=times("wrote")[0] if "wrote" in facts else None,
        texts_while_active=int(facts.get("texts", 0)),
        active_texts_this_hour=int(facts.get("active-hour", facts.get("texts", 0))),
        active_texts_by_day={today: int(facts.get("active-day", facts.get("active-hour", facts.get("texts", 0))))},
        response_pattern=pattern,
        has_unread_text="unjudged" in cell.flags,
        number_is_dead="dead-number" in cell.flags,
        unreachable_until=times("unreachable-until")[0] if "unreachable-until" in facts else None,
        country_paused_until=times("country-paused-until")[0] if "country-paused-until" in facts else None,
        replies_to_text=int(facts.get("replies", 0)),
    )


def _window(quiet: str | None) -> tuple[time | None, time | None]:
    """Quiet hours as a table writes them: a start and an end, `off`, or none of the person's own."""
    if quiet is None or quiet == "off":
        return None, None
    start, end = quiet.split("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _instant(text: str, zone: ZoneInfo) -> datetime:
    day, clock = text.split()
    moment = time.fromisoformat(clock)
    date = datetime.fromisoformat(day) if re.match(r"\d", day) else MONDAY + timedelta(days=DAYS.index(day))
    return datetime.combine(date, moment, zone)
