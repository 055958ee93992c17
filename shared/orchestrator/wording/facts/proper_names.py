"""Proper names that a text states and the data does not."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from orchestrator.wording.facts.language import Language

# Nouns have capitals in German, so that a capital shows nothing.
ALL_NOUNS = frozenset({"de"})
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# What stands before the first word of a sentence, or of what is quoted or listed.
_BEGINS = re.compile(r"(?:^|[.!?:;\n\"(*¡¿-]\s*|\.\.\.\s*|[-\u2013]\s)$")
_TITLE = re.compile(r"\b(?:Dr|Dra|Mr|Mrs|Ms|St|Prof|Sr|Sra|Mme|M|No|Nr)\.\s*$")
# Words with capitals in the middle of an English sentence that are no names.
_ORDINARY = frozenset(
    {
        "i", "i'm", "i'll", "i've", "i'd", "ok", "yes", "no", "stop", "help", "start", "am", "pm", "eta", "fyi",
        "asap", "rsvp", "id", "pin", "pdf", "url", "sms", "tv", "ps", "faq", "it", "us",
        "usa", "uk", "eu", "api", "app", "vip", "diy", "tbd", "tba", "gps", "wifi", "wi-fi", "qr", "atm", "et",
        "est", "edt", "ct", "cst", "cdt", "mt", "mst", "mdt", "pt", "pst", "pdt", "utc", "gmt", "cet", "good",
        "morning", "afternoon", "evening", "happy", "hi", "hello", "dear", "thanks", "thank", "dr", "mr",
        "mrs", "ms", "sr", "sra", "m", "mme", "no.", "nr", "bonjour", "hola", "olá", "sí", "oui", "non",
        "não", "sim", "vous", "usted", "ustedes", "ud", "uds", "internet", "web",
        "may", "march",
    }
)  # fmt: skip

# Words that are written in full or short: of addresses as in USPS Publication 28, Appendix C, of firms, and of taxes.
_SAME = tuple(
    frozenset(group.split())
    for group in (
        "street st", "avenue ave av avenida avda", "boulevard blvd", "road rd", "drive dr", "lane ln", "court ct",
        "place pl plaza", "square sq", "highway hwy", "parkway pkwy", "terrace ter", "circle cir", "trail trl",
        "apartment apt", "suite ste", "floor fl", "building bldg", "room rm", "north n", "south s", "east e",
        "west w", "mount mt", "fort ft", "saint st", "calle c", "center centre ctr", "department dept",
        "company co", "incorporated inc", "corporation corp", "limited ltd", "association assn", "university univ",
        "doctor doctora dr dra", "professor prof", "vat iva tva mwst ust",
    )
)  # fmt: skip


def find_foreign_names(
    text: str, language: Language, words: AbstractSet[str], taken: AbstractSet[int]
) -> Iterator[str]:
    """Yield the capitalized words of a text that neither begin a sentence nor stand in the data.

    The short words of the language are no names: a sentence may begin behind a link, which has no full stop.

    Args:
        words: the words of the data, in small letters.
        taken: the places in the text that belong to other facts, such as months and codes.
    """
    if language.code in ALL_NOUNS or text.isupper():
        return
    for match in _WORD.finditer(text):
        word = match[0]
        if not word[0].isupper() or match.start() in taken or _begins(text[: match.start()]):
            continue
        if word.casefold() not in language.common and not _is_known(word, words):
            yield word


def has_altered_name(text: str, language: Language, words: AbstractSet[str]) -> bool:
    """Return whether a capitalized word of a text is another form of a word of the data, or another name: Grandpa.

    It does not count where it is the same word with an ending, or the beginning of one.
    """
    if language.code in ALL_NOUNS or text.isupper():
        return False
    names = [match[0].casefold() for match in _WORD.finditer(text) if match[0][0].isupper()]
    names = [re.sub(r"'s?$", "", name) for name in names if name not in _ORDINARY and name not in language.common]
    return any(
        name not in words
        and not any(part in words for part in re.split(r"['-]", name))
        and not any(name.startswith(other) or other.startswith(name) for other in words if len(other) >= 3)
        and any(name[:4] == other[:4] for other in words if len(other) >= 4)
        for name in names
    )


def _begins(before: str) -> bool:
    """Whether a sentence begins behind a text; the full stop of a title ends none."""
    return _BEGINS.search(before) is not None and not _TITLE.search(before)


def _is_known(word: str, words: AbstractSet[str]) -> bool:
    folded = word.casefold()
    parts = [folded, folded.removesuffix("'s").removesuffix("'"), folded.removesuffix("s"), *re.split(r"['-]", folded)]
    if any(part in _ORDINARY for part in parts[:3]):
        return True
    # A name may be inflected, or be part of a longer word of the data.
    if any(folded in group and not words.isdisjoint(group) for group in _SAME):
        return True
    return folded in words or any(part in words or _shares_stem(part, words) for part in parts if len(part) > 1)


def _shares_stem(word: str, words: AbstractSet[str]) -> bool:
    stem = word[: max(4, len(word) - 3)]
    return len(word) >= 4 and any(
        other.startswith(stem) or (len(other) >= 4 and word.startswith(other)) for other in words
    )
