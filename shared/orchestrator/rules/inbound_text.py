"""What a person wrote themselves: an inbound text without quotations, signatures and decoration."""

import re
import unicodedata
from dataclasses import dataclass

# A reaction of a phone to one of our texts, as phones write it out: Liked “…”, 👍 to “…”, Loved an image.
_TAPBACK = re.compile(
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|removed an? [\w ]+ from|reacted \S+ to|[^\w\s]+ to"
    r"|(?:le|te) gust[oó]|le encant[oó]|reaccion[oó] con \S+ a|a (?:aim|ador)[eé]|j.(?:aime|adore)"
    r"|a r[eé]agi (?:avec|par) \S+ [aà]|gostou de|amou|reagiu com \S+ a|gefällt)"
    r"\s*(?:[“”„\"«].*[“”\"»]|(?:an?|your) (?:\w+ )?(?:image|photo|picture|video|movie|audio|sticker|gif"
    r"|attachment|file|link|contact|message))",
    re.IGNORECASE | re.DOTALL,
)
_QUOTATION = re.compile(r"[“”„\"«](?P<quoted>[^“”„\"«»]*)[“”\"»]")
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
# A quotation of up to this many words is the person's own emphasis: they write "STOP" in quotation marks.
_EMPHASIS_WORDS = 2
# What follows a line of dashes, and a line of a phone's or a mail program's own. What follows such a line is the
# person's again.
_SIGNATURE = re.compile(
    r"\n[^\S\n]*(?:-{2,}|—|_{2,})[^\S\n]*(?:\Z|\n[\s\S]*)"
    r"|^\s*(?:sent (?:from|via|with|using)|enviad[oa] (?:desde|de|do|via|por|a partir)"
    r"|envoy[ée] (?:de|depuis|via|à partir)"
    r"|inviato da|gesendet (?:von|mit)|(?:get|obtener|obter|télécharge[rz]|descargar?) outlook (?:for|para)"
    r"|obter o outlook para|von mein\w* [^\n]{1,20} gesendet)\b[^\n]{0,60}$",
    re.IGNORECASE | re.MULTILINE,
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
        quotations: what stood in quotation marks and is left out of `words`, each as one line of words.
        signature: the words of the signature as one line, which are left out of `words`.
    """

    words: tuple[str, ...]
    symbols: tuple[str, ...]
    is_question: bool
    is_tapback: bool
    is_latin: bool
    quotations: tuple[str, ...]
    signature: str

    @property
    def line(self) -> str:
        """The words with single spaces between them."""
        return " ".join(self.words)


def words_of(body: str) -> InboundWords:
    """The words that the person wrote.

    Args:
        body: the text as Twilio passed it on.
    """
    # NFKC turns the quotation marks of no script into others, so that they are found after it.
    text = unicodedata.normalize("NFKC", body)
    unsigned = _SIGNATURE.sub(" ", text)
    is_tapback = _TAPBACK.fullmatch(unsigned.strip()) is not None
    own = _QUOTATION.sub(_keep_emphasis, _QUOTED_LINE.sub(" ", unsigned))
    if not is_tapback and not _fold(own).split():
        own = unsigned  # the whole text stands in quotation marks: “Please stop texting me.”
    words = _fold(own).split()
    return InboundWords(
        words=_join_single_letters(words),
        symbols=tuple(character for character in own if unicodedata.category(character) == "So"),
        is_question="?" in own or "¿" in own,
        is_tapback=is_tapback,
        is_latin=all("LATIN" in unicodedata.name(c, "") for c in "".join(words) if unicodedata.category(c)[0] == "L"),
        quotations=tuple(" ".join(_fold(found["quoted"]).split()) for found in _QUOTATION.finditer(unsigned)),
        signature=" ".join(_fold(" ".join(found[0] for found in _SIGNATURE.finditer(text))).split()),
    )


def _fold(text: str) -> str:
    """A text casefolded, without accents and apostrophes, with a space for each other character that is no letter."""
    spelled_out = _NUMBER_SIGN.sub(" number ", text)
    folded = unicodedata.normalize("NFD", spelled_out.casefold().translate(_APOSTROPHES))
    return "".join(_letter(character) for character in folded)


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
