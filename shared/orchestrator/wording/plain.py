"""The plain sentence: readable words from data alone, for when Claude has none (G7)."""

import re
from collections.abc import Iterator
from typing import Any

# Two segments of GSM-7 hold 306 characters.
LENGTH = 300
# Of a list, as many are named; the rest is counted.
NAMED = 3
_NAMES = ("name", "title", "label", "subject")
_DETAILS = ("reason", "description", "summary", "detail", "date", "time", "status")
_ID_KEY = re.compile(r"(^|_)(id|ids|uuid|guid|token|key|hash)$|[a-z](Id|Ids|Uuid|Token|Key|Hash)$")
# Characters that read as code or markup on a phone.
_NOISE = re.compile(r"[{}\[\]<>`*_#|\\\x00-\x1f]+")


def plain_sentence(data: dict[str, Any], first_name: str | None) -> str | None:
    """Make one text of a message's data.

    Returns:
        Words of at most 300 characters; None when the data holds nothing that can be said.

    Example:
        >>> plain_sentence({"type": "weekly_summary", "stats": {"introsCompleted": 2}}, "Ada")
        'Hi Ada, weekly summary: intros completed 2.'
    """
    subject = _clean(_words(str(data.get("type", ""))))
    facts = [fact for fact in _facts({key: value for key, value in data.items() if key != "type"}) if fact]
    if not re.search(r"\w", subject) and not facts:
        return None
    name = _clean(first_name or "")
    opening = ", ".join(part for part in (f"Hi {name}" if re.search(r"[^\W\d]", name) else "", subject) if part)
    return _join(opening or "News", facts)


def _join(opening: str, facts: list[str]) -> str:
    """As many facts as fit, whole ones only: half a link or number would say something else."""
    text = opening[:LENGTH]
    separator = ": "
    for fact in facts:
        if len(text) + len(separator) + len(fact) + 1 > LENGTH:
            continue
        text += separator + fact
        separator = "; "
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _facts(content: dict[str, Any]) -> Iterator[str]:
    for key, value in content.items():
        if _ID_KEY.search(key):
            continue
        name = _clean(_words(key))
        match value:
            case dict():
                thing = _named_thing(value)
                if thing:
                    yield f"{name}: {thing}"
                else:
                    yield from _facts(value)
            case list():
                yield _listed(name, value)
            case _:
                said = _scalar(value)
                if said:
                    yield f"{name} {said}" if name else said


def _listed(name: str, values: list[Any]) -> str:
    things = [thing for thing in map(_thing, values) if thing]
    if not things:
        return ""
    more = len(things) - NAMED
    if more > 0:
        return f"{name}: {', '.join(things[:NAMED])} and {more} more"
    return f"{name}: {' and '.join(part for part in (', '.join(things[:-1]), things[-1]) if part)}"


def _thing(value: Any) -> str:
    if isinstance(value, dict):
        return _named_thing(value) or ", ".join(fact for fact in _facts(value) if fact)
    if isinstance(value, list):
        return ", ".join(thing for thing in map(_thing, value) if thing)
    return _scalar(value)


def _named_thing(value: dict[str, Any]) -> str:
    """A thing with a name, and one detail: Acme Corp (Enterprise CRM)."""
    name = next((_scalar(value[key]) for key in _NAMES if key in value and not isinstance(value[key], dict | list)), "")
    if not name:
        return ""
    detail = next(
        (_scalar(value[key]) for key in _DETAILS if key in value and not isinstance(value[key], dict | list)), ""
    )
    return f"{name} ({detail})" if detail else name


def _scalar(value: Any) -> str:
    if value is True:
        return "yes"
    if value is False:
        return "no"
    return "" if value is None else _clean(str(value))


def _words(key: str) -> str:
    """solution_update and matchedInnovators as people write them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", key).lower()


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", _NOISE.sub(" ", text)).strip(" ,;:")
