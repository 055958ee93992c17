"""Times as agents read them, and words without phone numbers: what every answer is made of."""

import re
from datetime import UTC, datetime

import phonenumbers

from orchestrator.people import zones_for
from orchestrator.queries import Moment

# A number that a machine wrote, whether or not it can exist.
_E164 = re.compile(r"\+\d{7,15}\b")
# What a person types and the library does not take for a number: lines, commas, underscores or letters beside the
# digits of a North American number, and an international one after 00. A hex digit beside it makes it part of an id.
_BETWEEN = r"[^0-9A-Za-z]{0,3}"
_TYPED = re.compile(
    rf"(?<![0-9A-Fa-f])(?:(?:\+|%2[Bb])?(?:1{_BETWEEN})?[2-9]\d\d{_BETWEEN}[2-9]\d\d{_BETWEEN}\d{{4}}"
    rf"|00[1-9](?:{_BETWEEN}\d){{7,13}})(?![0-9A-Fa-f])"
)
_HIDDEN = "[phone number]"
# The country in which a number without a country code counts.
_HOME = "US"


def moment_of(at: datetime, timezone: str | None, phone_number: str | None) -> Moment:
    """A time in UTC and on the person's clock; only in UTC where their zone is not certain."""
    zones = zones_for(timezone, phone_number or "")
    in_utc = at.astimezone(UTC)
    if len(zones) != 1:
        return Moment(at=in_utc)
    return Moment(at=in_utc, local=f"{at.astimezone(zones[0]):%a %Y-%m-%d %H:%M}", zone=zones[0].key)


def in_words(moment: Moment | None) -> str | None:
    """A time in the words of a sentence, such as `Thu 2026-03-05 08:00 in their time (America/New_York)`."""
    if moment is None:
        return None
    if moment.local is None:
        return f"{moment.at:%a %Y-%m-%d %H:%M} UTC"
    return f"{moment.local} in their time ({moment.zone})"


def without_numbers(text: str) -> str:
    """A text with each phone number in it replaced, in whichever way it is written (G10)."""
    for found in reversed(list(phonenumbers.PhoneNumberMatcher(text, _HOME))):
        text = text[: found.start] + _HIDDEN + text[found.end :]
    return _TYPED.sub(_HIDDEN, _E164.sub(_HIDDEN, text))
