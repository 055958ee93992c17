"""The plain sentence: readable words from data alone, for when Claude has none (G7)."""

import re
from collections.abc import Iterator
from typing import Any

from orchestrator.segments import plain_characters, segments_of
from orchestrator.wording.names import sayable_name
from orchestrator.wording.templates import from_template

# Two segments of GSM-7 hold 306 characters.
LENGTH = 300
# Of a list, as many are named; the rest is counted.
NAMED = 3
_NAMES = ("name", "title", "label", "subject")
_DETAILS = ("reason", "description", "summary", "detail", "date", "time", "status")
_ID_KEY = re.compile(r"(^|_)(id|ids|uuid|guid|token|key|hash)$|[a-z](Id|Ids|Uuid|Token|Key|Hash)$")
# Characters that read as code or markup on a phone.
_NOISE = re.compile(r"[{}\[\]<>`*_#|\\\x00-\x1f]+")


def plain_sentence(data: dict[str, Any], first_name: str | None, max_segments: int = 2) -> str | None:
    """Make one text of a message's data, by the template of its type where there is one.

    Args:
        max_segments: as many segments at the most.

    Returns:
        Words of at most 300 characters; None when no text can be made of the data.

    Example:
        >>> plain_sentence({"type": "order_update", "stats": {"itemsShipped": 2}}, "Ada")
        'Hi Ada, order update: items shipped 2.'
    """
    name = sayable_name(first_name)
    greeting = f"Hi {name}" if name else ""
    filled = from_template(data, _listed_or_said)
    if filled and _fits(sentence := _sentence(", ".join(part for part in (greeting, filled) if part)), max_segments):
        return sentence
    subject = _clean(_words(str(data.get("type", ""))))
    facts = [fact for fact in _facts({key: value for key, value in data.items() if key != "type"}) if fact]
    if not re.search(r"\w", subject) and not facts:
        return None
    opening = ", ".join(part for part in (greeting, subject) if part)
    return _join(opening or "News", facts, max_segments)


def _join(opening: str, facts: list[str], max_segments: int) -> str:
    """As many facts as fit, whole ones only: half a link or number would say something else."""
    text = _sentence(opening)
    while not _fits(text, max_segments):
        opening = opening[:-5]
        text = _sentence(opening)
    kept: list[str] = []
    for fact in facts:
        longer = _sentence(f"{opening}: {'; '.join([*kept, fact])}")
        if _fits(longer, max_segments):
            kept.append(fact)
            text = longer
    return text


def _sentence(text: str) -> str:
    plain = plain_characters(text).strip()
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _fits(text: str, max_segments: int) -> bool:
    return len(text) <= LENGTH and segments_of(text).number <= max_segments


def _listed_or_said(value: Any) -> str:
    return _listed("", value).removeprefix(": ") if isinstance(value, list) else _thing(value)


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
                words = _scalar(value)
                if words:
                    yield f"{name} {words}" if name else words


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
