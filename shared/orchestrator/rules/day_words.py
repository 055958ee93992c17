"""Whether words speak of the day on which they were written (R9): what says "tonight" is false tomorrow."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Phrases that contain such a word and say nothing of the day.
_HARMLESS = re.compile(
    r"good (?:morning|evening|afternoon)|guten morgen|am morgen|(?:por|de|en) la mañana|buenos días|these days|"
    r"in the (?:morning|evening)",
    re.IGNORECASE,
)
# "in two hours": a number of hours or minutes.
_SOME = r"(?:\d+|one|two|three|four|five|six|ten|fifteen|twenty|thirty|forty-five)"
_OF_THE_DAY = re.compile(
    r"\b(?:today|tonight|tonite|2nite|tomorrow|2morrow|tmrw|yesterday|this (?:morning|afternoon|evening)"
    rf"|in (?:{_SOME}|an?|half an|a few|a couple of) (?:hours?|hrs?|minutes?|mins?)|within the hour"
    r"|hoy|esta (?:mañana|tarde|noche)|mañana|pasado mañana|ayer|(?:en|dentro de) (?:una|\d+) (?:horas?|minutos?)"
    r"|aujourd'hui|ce (?:matin|soir|midi)|cet après-midi|demain|hier|dans (?:une|\d+) (?:heures?|minutes?)"
    r"|hoje|esta (?:manhã|noite|tarde)|amanhã|ontem|(?:em|daqui a) (?:uma|\d+) (?:horas?|minutos?)"
    r"|heute|heut|morgen|übermorgen|gestern|in (?:einer|\d+) (?:stunden?|minuten?)"
    r"|oggi|stasera|stamattina|domani|ieri|(?:tra|fra) \d+ (?:ore|minuti)|(?:tra|fra) un'ora"
    r"|vandaag|vanavond|vanmorgen|vanmiddag|over (?:een|\d+) (?:uur|minuten))\b"
    r"|сегодня|завтра|вчера|今天|今晚|明天|昨天|今日|今夜|明日|昨日|오늘|내일|어제|اليوم|الليلة|غدا|غدًا",
    re.IGNORECASE,
)
# Each phrase of ASCII letters above holds one of these words, as a word. They are looked for first, in lower case,
# because most texts hold none.
_WORD = re.compile("[a-z0-9_]+")
# fmt: off
_SIGNS = frozenset({
    "today", "tonight", "tonite", "2nite", "tomorrow", "2morrow", "tmrw", "yesterday", "morning", "afternoon",
    "evening", "hour", "hours", "hr", "hrs", "minute", "minutes", "min", "mins", "hoy", "tarde", "noche", "ayer",
    "hora", "horas", "minuto", "minutos", "hui", "matin", "soir", "midi", "demain", "hier", "heure", "heures", "hoje",
    "noite", "ontem", "heute", "heut", "morgen", "gestern", "stunde", "stunden", "minuten", "oggi", "stasera",
    "stamattina", "domani", "ieri", "ore", "minuti", "ora", "vandaag", "vanavond", "vanmorgen", "vanmiddag", "uur",
})
# fmt: on
# What harmless phrases hold. Without them, words stand next to others as they are written.
_OF_HARMLESS = ("morning", "evening", "afternoon", "morgen", "these days")


def speaks_of_the_day(data: Mapping[str, Any]) -> bool:
    """Return whether a text of a message's data names its day: today, tonight, tomorrow, this morning.

    A message whose words do so expires at the end of the local day on which it was published (R9).

    Args:
        data: the message's data; its `type` names a kind of message and is not read.
    """
    return any(_names_the_day(text) for key, value in data.items() if key != "type" for text in _texts(value))


def _names_the_day(text: str) -> bool:
    if text.isascii():
        lower = text.lower()
        if _SIGNS.isdisjoint(_WORD.findall(lower)) and not any(part in lower for part in _OF_HARMLESS):
            return False
    return _OF_THE_DAY.search(_HARMLESS.sub(" ", text.replace("\u2019", "'"))) is not None


def _texts(value: Any) -> Iterator[str]:
    match value:
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case str():
            yield value
