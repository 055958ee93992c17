"""What a person wrote themselves: an inbound text without quotations, signatures and decoration."""

import re
import unicodedata
from dataclasses import dataclass

# A reaction of a phone to one of our texts: "Liked “…”", in the languages whose phones write it out.
_TAPBACK = re.compile(
    r"^(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|removed an? [\w ]+ from|reacted \S+ to|\S+ to"
    r"|le gust[oó]|le encant[oó]|a aim[eé]|a ador[eé]|gostou de|amou|gefällt)$",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r"[“”„\"«](?P<quoted>[^“”„\"«»]*)[“”\"»]")
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
# A quotation of up to this many words is the person's own emphasis: they write "STOP" in quotation marks.
_EMPHASIS_WORDS = 2
_SIGNATURE = re.compile(
    r"\n\s*(?:--|—|__)\s*(?:\n|$).*"
    r"|(?:^|\n)\s*(?:sent from (?:my|outlook|yahoo|mail)|get outlook for|enviado (?:desde|do) (?:mi|meu)"
    r"|envoy[ée] (?:de|depuis) mon|von mein\w* \w+ gesendet)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER_SIGN = re.compile(r"#(?=\s|$)")  # "wrong #"
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc`\u00b4"))


@dataclass(frozen=True, slots=True)
class InboundWords:
    """The words of an inbound text as rules compare them.

    Attributes:
        words: casefolded, without accents, apostrophes and punctuation; single letters ("s t o p") are joined.
        symbols: emoji and other pictures, in order.
        is_question: the text has a question mark.
        is_tapback: the text is a phone's report that its owner reacted to one of ours.
        is_latin: each letter is of the Latin script.
    """

    words: tuple[str, ...]
    symbols: tuple[str, ...]
    is_question: bool
    is_tapback: bool
    is_latin: bool

    @property
    def line(self) -> str:
        """The words with single spaces between them."""
        return " ".join(self.words)


def words_of(body: str) -> InboundWords:
    """The words that the person wrote.

    Args:
        body: the text as Twilio passed it on.
    """
    text = unicodedata.normalize("NFKC", body)
    own = _QUOTED_LINE.sub(" ", _SIGNATURE.sub(" ", text))
    # NFKC turns the quotation marks of no script into others, so that they are found after it.
    unquoted = _QUOTATION.sub(_keep_emphasis, own)
    is_tapback = unquoted != own and _TAPBACK.match(unquoted.strip()) is not None
    spelled_out = _NUMBER_SIGN.sub(" number ", unquoted)
    folded = unicodedata.normalize("NFD", spelled_out.casefold().translate(_APOSTROPHES))
    letters = "".join(_letter(character) for character in folded)
    return InboundWords(
        words=_join_single_letters(letters.split()),
        symbols=tuple(character for character in unquoted if unicodedata.category(character) == "So"),
        is_question="?" in unquoted or "¿" in unquoted,
        is_tapback=is_tapback,
        is_latin=all("LATIN" in unicodedata.name(c, "") for c in letters if unicodedata.category(c).startswith("L")),
    )


def _keep_emphasis(quotation: re.Match[str]) -> str:
    return f" {quotation['quoted']} " if len(quotation["quoted"].split()) <= _EMPHASIS_WORDS else " "


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LN":
        return character
    # Accents and invisible characters leave their word whole; anything else ends it.
    return "" if category in ("Mn", "Cf") else " "


def _join_single_letters(words: list[str]) -> tuple[str, ...]:
    if len(words) > 2 and all(len(word) == 1 for word in words):
        return ("".join(words),)
    return tuple(words)
