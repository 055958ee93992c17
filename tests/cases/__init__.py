"""Cases that a product manager can read, and the reader that turns them into values."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator.messages import Lane
from orchestrator.people import Person, find_zone, zones_of_number
from orchestrator.rules.decision import CheckRelevance, Decision, End, Hold, Send
from orchestrator.rules.reasons import Reason
from orchestrator.rules.relevance import Relevance
from orchestrator.rules.state import MessageState

HERE = Path(__file__).parent
MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001  (a wall clock, which a zone is added to)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NEWER = UUID(int=0xBEEF)


@dataclass(frozen=True, slots=True)
class TableCase:
    """One line of a table."""

    situation: str
    message: MessageState
    person: Person
    paused: bool
    now: datetime
    expected: str
    tokens: frozenset[str]


def read_cases(name: str) -> Iterator[TableCase]:
    """The cases of one table."""
    for situation, message, person, now, expected in table(name):
        yield _case(situation, message.split(), person.split(), now, expected)


def table(name: str) -> Iterator[list[str]]:
    """The cells of each line."""
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


def _case(situation: str, message: list[str], person: list[str], now_text: str, expected: str) -> TableCase:
    facts = dict(token.split("=", 1) for token in person if "=" in token)
    zone_name = None if facts.get("zone") == "none" else facts.get("zone", "America/New_York")
    told_in = find_zone(zone_name) or ZoneInfo("America/New_York")
    now = _instant(now_text, told_in)
    return TableCase(
        situation=situation,
        message=_message(message, told_in, now),
        person=_person(person, facts, zone_name, told_in, now),
        paused="paused" in message,
        now=now,
        expected=expected,
        tokens=frozenset([*message, *person]),
    )


def _message(tokens: list[str], zone: ZoneInfo, now: datetime) -> MessageState:
    facts = dict(token.split("=", 1) for token in tokens if "=" in token)

    def instant(name: str) -> datetime | None:
        return _instant(facts[name].replace("_", " "), zone) if name in facts else None

    accepted_at = instant("queued") or now - timedelta(hours=1)
    return MessageState(
        lane=Lane(tokens[0]),
        can_delay="now!" not in tokens,
        due=now,
        not_before=instant("for"),
        best_at=instant("best"),
        expires_at=instant("expires") or accepted_at + timedelta(days=7),
        accepted_at=accepted_at,
        requires_fresh_context="fresh" in tokens,
        withdrawn="withdrawn" in tokens,
        superseded_by=NEWER if "superseded" in tokens else None,
        higher_is_due="higher-due" in tokens,
        in_sequence="part" in tokens or "next-part" in tokens,
        continues="next-part" in tokens,
        broken="broken" in tokens,
        is_reply="reply" in tokens,
        relevance=Relevance(facts.get("judged", "unasked").partition("@")[0]),
        checked_at=_instant(f"Tue {facts['judged'].partition('@')[2]}", zone)
        if "@" in facts.get("judged", "")
        else None,
    )


def _person(tokens: list[str], facts: dict[str, str], zone_name: str | None, zone: ZoneInfo, now: datetime) -> Person:
    today = now.astimezone(zone).date()
    quiet = facts.get("quiet", "")
    window = [time.fromisoformat(part) for part in quiet.split("-")] if "-" in quiet else [None, None]
    pattern: object = json.loads(facts["pattern"]) if "pattern" in facts else None
    if "hours" in facts or "days" in facts:
        pattern = {
            "best_hours": [int(hour) for hour in facts.get("hours", "10").split(",")],
            **({"preferred_days": facts["days"].split(",")} if "days" in facts else {}),
        }

    def times(name: str) -> tuple[datetime, ...]:
        given = [part for part in facts.get(name, "").split(",") if part]
        instants = [
            _instant(part.replace("_", " "), zone)
            if "_" in part
            else datetime.combine(today, time.fromisoformat(part), zone)
            for part in given
        ]
        # A time of day that is still to come was yesterday's, unless it is planned.
        return tuple(i - timedelta(days=1) if i > now and name == "recent" else i for i in instants)

    return Person(
        user_id=UUID(int=1),
        phone_number=facts.get("phone", "+12125550101"),
        timezone=zone_name,
        quiet_hours_start=window[0],
        quiet_hours_end=window[1],
        quiet_hours_enabled=False if quiet == "off" else None,
        daily_limit=int(facts["daily"]) if "daily" in facts else None,
        hourly_limit=int(facts["hourly"]) if "hourly" in facts else None,
        sent_by_day={
            today: int(facts.get("sent", 0)),
            today - timedelta(days=1): int(facts.get("sent-yesterday", 0)),
        },
        recent_sends=times("recent"),
        planned_sends=times("planned"),
        opted_out="opted-out" in tokens,
        last_inbound_at=times("wrote")[0] if "wrote" in facts else None,
        texts_while_active=int(facts.get("texts", 0)),
        response_pattern=pattern,
        has_unread_text="unjudged" in tokens,
        number_is_dead="dead-number" in tokens,
        unreachable_until=times("unreachable-until")[0] if "unreachable-until" in facts else None,
    )


def _instant(text: str, zone: ZoneInfo) -> datetime:
    day, clock = text.split()
    moment = time.fromisoformat(clock)
    date = datetime.fromisoformat(day) if re.match(r"\d", day) else MONDAY + timedelta(days=DAYS.index(day))
    return datetime.combine(date, moment, zone)
