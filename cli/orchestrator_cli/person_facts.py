"""What `orchestrator user show` prints of a person: limits and their use, quiet hours, activity and opt-out."""

from datetime import datetime
from typing import Any

from orchestrator.people import Person, find_zone
from orchestrator.rules.activity import is_active
from orchestrator.rules.limits import budget_day, limits_of
from orchestrator.rules.local_time import format_time
from orchestrator.rules.quiet_hours import next_open, quiet_hours_for
from orchestrator.settings import PolicySettings
from orchestrator.store import people

# What the table calls a fact whose JSON key is not the word of the glossary.
LABELS = {"unjudged_text": "unread text"}


def facts_of(record: people.PersonRecord, policy: PolicySettings, now: datetime) -> dict[str, Any]:
    """What `user show` prints of a person, in its order."""
    person = record.person
    zones = person.zones
    limits = limits_of(person, policy)
    quiet = quiet_hours_for(person, policy)
    opens = next_open(now, zones, quiet) if quiet else now
    return {
        "user_id": person.user_id,
        "external_id": record.external_id,
        "phone_number": person.phone_number,
        "first_name": person.first_name,
        "zone": _zone_fact(person),
        "place": person.place,
        "local_time": format_time(now, zones[0]) if zones else None,
        "daily_limit": limits.daily,
        "sent_today": person.sent_by_day.get(budget_day(person, now), 0),
        "hourly_limit": limits.hourly,
        "sent_this_hour": record.sent_this_hour,
        "quiet_hours": f"{quiet.start:%H:%M}-{quiet.end:%H:%M}" if quiet else "none",
        "quiet_now": opens != now,
        "active": is_active(person, now),
        "opted_out": person.opted_out,
        "unjudged_text": person.has_unread_text,
        "number_gets_no_texts": person.number_is_dead,
        "unreachable_until": person.unreachable_until,
        "waiting": record.waiting,
    }


def show_fact(value: object) -> str:
    """A fact as a table shows it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
    return str(value)


def _zone_fact(person: Person) -> str:
    """The stored zone, or those of the number, of which the first three are named."""
    if find_zone(person.timezone):
        return str(person.timezone)
    by_number = f"{', '.join(zone.key for zone in person.zones[:3]) or 'none'} (from the number)"
    return by_number if person.timezone is None else f"{by_number}; {person.timezone} is no place"
