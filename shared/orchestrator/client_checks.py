"""What the client refuses before it sends: values that JSON cannot hold, and times that cannot be."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from orchestrator.errors import InvalidMessage
from orchestrator.messages import Message, Reply
from orchestrator.request_fields import PLANS_AHEAD

# How to write a value of this kind as JSON.
_FIXES = {
    "datetime": "Write it as text, such as `.isoformat()`",
    "date": "Write it as text, such as `.isoformat()`",
    "time": "Write it as text, such as `.isoformat()`",
    "UUID": "Write it as text: `str(...)`",
    "Decimal": "Write it as text, or as a number",
    "set": "Write it as a list",
    "tuple": "Write it as a list",
    "bytes": "Write it as text",
}
_PLAIN_KEY = re.compile(r"(?!.*\d{7})[\w.\[\] -]{1,80}")


def check_data(data: object) -> None:
    """Check that data can be JSON.

    Raises:
        InvalidMessage: names the key of the first value that JSON cannot hold, and its kind, never the value.
    """
    for path, value in _values_without_json(data, ""):
        kind = type(value).__name__
        named = f" at `{path}`" if _PLAIN_KEY.fullmatch(path) else ""
        what = "a number that is not finite" if isinstance(value, float) else f"a {kind}"
        fix = _FIXES.get(kind, "Use text, numbers, true, false, null, lists and objects")
        raise InvalidMessage("message_data", f"holds {what}{named}, which JSON does not have", fix, "not_json_value")


def check_times(message: Message | Reply, now: datetime) -> None:
    """Check that a message may still go, and is not planned further ahead than messages are kept.

    Raises:
        InvalidMessage: names the field.
    """
    if message.expires_at and message.expires_at <= now:
        fix = "Give a later time, or leave it out"
        raise InvalidMessage("expires_at", "has passed: the message would never be sent", fix, "already_expired")
    for name in ("scheduled_for", "expires_at"):
        time = getattr(message, name, None)
        if time and time > now + PLANS_AHEAD:
            fix = f"Give a time within {PLANS_AHEAD.days} days"
            raise InvalidMessage(name, "is more than a year ahead", fix, "scheduled_too_far")


def _values_without_json(value: Any, path: str) -> Iterator[tuple[str, object]]:
    """Yield each value that JSON cannot hold, with the path of its keys."""
    match value:
        case None | bool() | int() | str():
            return
        case float():
            if not math.isfinite(value):
                yield path, value
        case list():
            for place, inner in enumerate(value):
                yield from _values_without_json(inner, f"{path}[{place}]")
        case Mapping():
            for key, inner in value.items():
                if not isinstance(key, str):
                    yield path, key
                    continue
                yield from _values_without_json(inner, f"{path}.{key}" if path else key)
        case _:
            yield path, value
