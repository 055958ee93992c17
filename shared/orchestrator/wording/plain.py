"""The plain sentence: readable words from data alone, for when Claude has none (G7)."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.segments import plain_characters, segments_of
from orchestrator.wording.facts.data_facts import texts_in
from orchestrator.wording.facts.language import language_of
from orchestrator.wording.facts.normal import normal, split_key
from orchestrator.wording.names import sayable_name
from orchestrator.wording.templates import from_template
from orchestrator.wording.values import Manner, clean_words, say_key, say_value

# Two segments of GSM-7 hold 306 characters.
LENGTH = 300
# Entries of a list that are named; the rest is counted.
NAMED = 3
_NAMES = ("name", "title", "label", "subject")
_DETAILS = ("reason", "description", "summary", "detail", "date", "time", "status")
_ID_KEY = re.compile(r"(^|_)(id|ids|uuid|guid|token|key|hash)$|[a-z](Id|Ids|Uuid|Token|Key|Hash)$")
# Keys whose value is part of another value.
_PARTS = frozenset({"currency", "currencycode", "unit", "units"})


def plain_sentence(
    data: Mapping[str, Any], first_name: str | None, max_segments: int = 2, now: datetime | None = None
) -> str | None:
    """Make one text of a message's data, by the template of its type where there is one.

    Args:
        data: the message's structured data.
        first_name: the person's first name as it is stored.
        max_segments: the most segments that the text may take.
        now: the time on the person's clock, with its zone; instants are written in that zone.

    Returns:
        Words of at most 300 characters; None when no text can be made of the data beside its type.

    Example:
        >>> plain_sentence({"type": "order_update", "stats": {"itemsShipped": 2}}, "Ada")
        'Hi Ada, order update: items shipped 2.'
    """
    return _PlainSentence(data, now).text(sayable_name(first_name), max_segments)


class _PlainSentence:
    """The words for one message's data."""

    def __init__(self, data: Mapping[str, Any], now: datetime | None) -> None:
        code = language_of(normal(" ".join(texts_in({**data, "type": ""})))).code
        self._data = data
        self._words = _words()[code]
        self._manner = Manner(code, now, self._words)

    def text(self, name: str | None, max_segments: int) -> str | None:
        greeting = f"{self._words['greeting']} {name}" if name else ""
        filled = from_template(self._data, self._say)
        if filled and _fits(sentence := _sentence(", ".join(filter(None, (greeting, filled)))), max_segments):
            return sentence
        facts = [fact for fact in self._facts({key: v for key, v in self._data.items() if key != "type"}) if fact]
        if not facts:
            return None
        subject = clean_words(split_key(str(self._data.get("type", ""))).lower())
        opening = ", ".join(filter(None, (greeting, subject if re.search(r"\w", subject) else "")))
        return _join(opening, facts, max_segments)

    def _say(self, value: Any, key: str, siblings: Mapping[str, Any]) -> str:
        if isinstance(value, list):
            return self._listed("", value, key, siblings).removeprefix(": ")
        return self._thing(value, key, siblings)

    def _facts(self, content: Mapping[str, Any]) -> Iterator[str]:
        for key, value in content.items():
            if _ID_KEY.search(key) or key.casefold() in _PARTS:
                continue
            name = say_key(key)
            match value:
                case Mapping():
                    thing = self._named_thing(value)
                    if thing:
                        yield f"{name}: {thing}"
                    else:
                        yield from self._facts(value)
                case list():
                    yield self._listed(name, value, key, content)
                case _:
                    words = say_value(value, key, content, self._manner)
                    if words:
                        yield f"{name} {words}" if name else words

    def _listed(self, name: str, values: list[Any], key: str, siblings: Mapping[str, Any]) -> str:
        things = [thing for value in values if (thing := self._thing(value, key, siblings))]
        if not things:
            return ""
        and_, more = self._words["and"], len(things) - NAMED
        if more > 0:
            return f"{name}: {', '.join(things[:NAMED])} {and_} {more} {self._words['more']}"
        return f"{name}: {f' {and_} '.join(filter(None, (', '.join(things[:-1]), things[-1])))}"

    def _thing(self, value: Any, key: str, siblings: Mapping[str, Any]) -> str:
        if isinstance(value, Mapping):
            return self._named_thing(value) or ", ".join(fact for fact in self._facts(value) if fact)
        if isinstance(value, list):
            return ", ".join(thing for inner in value if (thing := self._thing(inner, key, siblings)))
        return say_value(value, key, siblings, self._manner)

    def _named_thing(self, value: Mapping[str, Any]) -> str:
        """A thing with a name, and one detail: Acme Corp (Enterprise CRM)."""
        name, detail = self._first(value, _NAMES), self._first(value, _DETAILS)
        return f"{name} ({detail})" if name and detail else name

    def _first(self, value: Mapping[str, Any], keys: tuple[str, ...]) -> str:
        found = (key for key in keys if key in value and not isinstance(value[key], Mapping | list))
        key = next(found, None)
        return say_value(value[key], key, value, self._manner) if key else ""


def _join(opening: str, facts: list[str], max_segments: int) -> str | None:
    """As many facts as fit, whole ones only: half a link or number would mean something else."""
    kept: list[str] = []
    for fact in facts:
        longer = _sentence(": ".join(filter(None, (opening, "; ".join([*kept, fact])))))
        if _fits(longer, max_segments):
            kept.append(fact)
    return _sentence(": ".join(filter(None, (opening, "; ".join(kept))))) if kept else None


def _sentence(text: str) -> str:
    plain = plain_characters(text).strip()
    # A full stop behind a link would be read as part of it.
    ends_in_link = re.search(r"(?:://|www\.)\S+$", plain) is not None
    return plain if ends_in_link or plain.endswith((".", "!", "?")) else f"{plain}."


def _fits(text: str, max_segments: int) -> bool:
    return len(text) <= LENGTH and segments_of(text).number <= max_segments


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "plain_words.toml").read_text())
