"""Message ids: UUID version 7, whose first 48 bits are the time they were made."""

import os
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

# A message published without an id takes one from its SQS message id, so that a redelivery is the same message.
_FROM_SQS = UUID("5f0e8ad4-63c1-5d0b-9f4e-6f7d1f5a2c11")


_62_BITS = (1 << 62) - 1
_lock = threading.Lock()
_last_milliseconds, _last_random = 0, 0


def uuid7(now: datetime) -> UUID:
    """A new id made at `now` (RFC 9562, section 5.7).

    Ids that this process makes in one millisecond are in the order in which they were made (section 6.2): of two
    messages of one topic, the later one is the newer one.
    """
    global _last_milliseconds, _last_random
    milliseconds = int(now.timestamp() * 1000)
    with _lock:
        if milliseconds == _last_milliseconds:
            random = _last_random + 1 + int.from_bytes(os.urandom(4))
        else:
            random = int.from_bytes(os.urandom(9))  # of 74 bits 72, so that there is room to count
        _last_milliseconds, _last_random = milliseconds, random
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0x2 << 62 | random & _62_BITS
    return UUID(int=value)


def first_id_at(moment: datetime) -> UUID:
    """The smallest version 7 id of a moment's millisecond: ids made from then on are no smaller."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62)


def time_of(message_id: UUID) -> datetime | None:
    """When a version 7 id was made, to the millisecond; None for ids of other versions, which carry no such time."""
    if message_id.version != 7:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=message_id.int >> 80)


def id_from_sqs(sqs_message_id: str) -> UUID:
    """The id of a message that came without one: the same for every redelivery."""
    return uuid5(_FROM_SQS, sqs_message_id)


def spread_of(message_id: UUID) -> float:
    """A message's fixed place in a spread of times, 0 to 1 (R7)."""
    return message_id.int % 997 / 997
