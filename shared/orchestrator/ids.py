"""Ids: of messages, UUID version 7, whose first 48 bits are the time of their making; of agents and publishers."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID, uuid5

# The namespace of ids that are derived from an SQS message id.
_FROM_SQS = UUID("5f0e8ad4-63c1-5d0b-9f4e-6f7d1f5a2c11")
_EPOCH = datetime.fromtimestamp(0, UTC)
_62_BITS = (1 << 62) - 1
# The longest id of an agent or a person, and the longest topic, in characters.
LONGEST_NAME = 100
# The largest id: a list that begins below it begins at its first entry.
LAST_ID = UUID(int=(1 << 128) - 1)
_lock = threading.Lock()
_last_milliseconds, _last_random = 0, 0


def uuid7(now: datetime) -> UUID:
    """Make a new id at `now` (RFC 9562, section 5.7).

    Ids that this process makes within one millisecond are ordered (RFC 9562, section 6.2), so that the later of two
    messages of one topic has the larger id.
    """
    global _last_milliseconds, _last_random
    milliseconds = int(now.timestamp() * 1000)
    with _lock:
        if milliseconds == _last_milliseconds:
            random = _last_random + 1 + int.from_bytes(os.urandom(4))
        else:
            random = int.from_bytes(os.urandom(9))  # 72 of the 74 random bits: the rest is room to count up
        _last_milliseconds, _last_random = milliseconds, random
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0x2 << 62 | random & _62_BITS
    return UUID(int=value)


def first_id_at(moment: datetime) -> UUID:
    """The smallest version 7 id of a moment's millisecond: ids made from then on are not smaller."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62)


def time_of(message_id: UUID) -> datetime | None:
    """When a version 7 id was made, to the millisecond; None for other versions, which carry no such time."""
    if message_id.int >> 76 & 0xF != 7 or message_id.variant != RFC_4122:
        return None
    return _EPOCH + timedelta(milliseconds=message_id.int >> 80)


def id_from_sqs(sqs_message_id: str) -> UUID:
    """The id of a message that was published without one: a redelivery derives the same id."""
    return uuid5(_FROM_SQS, sqs_message_id)


def message_id_in(body: str) -> UUID | None:
    """The message id that a body names, also a malformed one; None where it names none that can be read."""
    try:
        return UUID(str(_field_in(body, "messageId", "message_id")))
    except ValueError:
        return None


def agent_id_in(body: str) -> str | None:
    """The agent that a body names, also a malformed one; None where it names none that can be an agent's id."""
    named = _field_in(body, "agentId", "agent_id")
    normal = normal_agent_id(named) if isinstance(named, str) else None
    return normal if normal and len(normal) <= LONGEST_NAME else None


def _field_in(body: str, *names: str) -> object:
    """The first value of these names that a JSON body holds; None where it holds none or is no JSON object."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return next((content[name] for name in names if content.get(name)), None) if isinstance(content, dict) else None


def spread_of(message_id: UUID) -> float:
    """A number from 0 to 1 that is fixed for each id and spreads due times inside an hour (R7)."""
    return message_id.int % 997 / 997


def normal_agent_id(text: str) -> str | None:
    """An agent's id, or the beginning of one, as settings, limits and pauses compare it: trimmed and in lower case.

    Returns:
        None where it holds a character that is not printable ASCII: a letter of another script may look the same (R13).
    """
    trimmed = text.strip()
    # Before the change of case, which makes a plain k of the Kelvin sign.
    return trimmed.lower() if trimmed.isascii() and trimmed.isprintable() else None


def publisher_of(sender_id: str) -> str:
    """The AWS identity behind an SQS SenderId: of a role's `AROA…:session` the part before the session (R13)."""
    return sender_id.partition(":")[0]
