"""That something costs nothing: "free", as a claim and not as in "feel free" or "are you free on Friday"."""

import re
from collections.abc import Iterator
from functools import cache

from orchestrator.wording.facts.kinds import Found, Free
from orchestrator.wording.facts.language import Language, words_pattern

_NO_CHARGE = r"(?:at )?no (?:extra )?(?:charge|cost|fee)s?|free of charge|without charge|on the house|on us"
_GIVEN = r"(?:one|for|comes) free"


def find_free(text: str, language: Language) -> Iterator[Found]:
    """Yield the places where a text says that something costs nothing."""
    pattern, harmless = _patterns(language)
    spared = [(match.start(), match.end()) for match in harmless.finditer(text)]
    for match in pattern.finditer(text):
        if not any(start <= match.start() < end for start, end in spared):
            yield Found(match.start(), match.end(), (Free(),))


@cache
def _patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = words_pattern(language, "free")
    charge = f"|{_NO_CHARGE}|{_GIVEN}" if language.code == "en" else ""
    return re.compile(rf"(?i:\b(?:{words}{charge})\b)"), re.compile(rf"(?i:\b(?:{language.patterns['not_free']}))")
