"""Links, e-mail addresses and handles, also in disguise: `evil。com`, `http:evil`, `evil dot com`, `$evilcash`."""

import re
from collections.abc import Callable, Iterator

from orchestrator.wording.facts.kinds import Email, Fact, Found, Handle, Link
from orchestrator.wording.facts.language import codes, language

# Endings by which an address in disguise is recognized; one that is written plainly needs none.
_ENDINGS = (
    "com|net|org|io|co|info|biz|app|dev|me|us|ca|uk|de|fr|es|pt|br|mx|eu|ly|gl|ai|shop|store|online|site|xyz|top|link|live"
    "|click|club|tv|cc|ru|cn|example|test"
)
_EMAIL = re.compile(r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}:/{1,3}[^\s\0]+|\b(?:hxxps?|https?|ftp|tel|sms|mailto):[^\s\0]+", re.IGNORECASE
)
_BARE = re.compile(r"(?<![\w@.])[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?::\d+)?(?:[/?#][^\s\0]*)?(?![\w@])")
_HANDLE = re.compile(r"(?<![\w/@&])[@#$€£][^\W\d]\w+(?:[.-]\w+)*")
_END = ".,;:!?'\"»…>*"


def find_addresses(text: str, *, also_disguised: bool) -> Iterator[Found]:
    """Yield the links, addresses and handles of a text, in no order; of two that overlap the first one counts.

    Args:
        also_disguised: find `evil dot com`, too; in data these are words.
    """
    patterns: list[tuple[re.Pattern[str], Callable[[str], Fact]]] = [(_EMAIL, _email), (_URL, link_of)]
    if also_disguised:
        patterns.append((_disguise(), _disguised))
    for pattern, reading in (*patterns, (_BARE, link_of), (_HANDLE, _handle)):
        for match in pattern.finditer(text):
            found = _stripped(match[0])
            yield Found(match.start(), match.start() + len(found), (reading(found),))


def link_of(address: str) -> Link:
    """Return a web address in the form that is compared: the host in small letters, everything behind it as it is."""
    scheme, colon, rest = re.match(r"(?:([A-Za-z][A-Za-z0-9+.-]*)(:/{1,3}|:(?!\d)))?(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any text
    host = re.match(r"[^/?#]*", rest)[0]  # type: ignore[index]  # matches any text
    path = rest[len(host) :]
    host = host.lower().removeprefix("www.")
    if (scheme or "https").lower() in ("http", "https") and (colon or "://") == "://":
        return Link(host + ("" if path == "/" else path), (scheme or "").lower())
    return Link(f"{scheme.lower()}{colon}{host}{path}")


def _email(found: str) -> Fact:
    return Email(re.sub(r"^mailto:", "", found, flags=re.IGNORECASE).casefold())


def _handle(found: str) -> Fact:
    return Handle(found.casefold())


def _disguised(found: str) -> Fact:
    """`evil dot com` and `evil[.]com` as evil.com."""
    return Link(
        re.sub(r"[\s\[\](){}]*(?:\.|\b(?:" + _dots() + r")\b)[\s\[\](){}]*", ".", found, flags=re.IGNORECASE).lower()
    )


def _disguise() -> re.Pattern[str]:
    return re.compile(
        rf"\b[\w-]+\s*[\[({{]\s*(?:\.|{_dots()})\s*[\])}}]\s*[\w-]+"
        rf"|\b[\w-]+\s+(?:{_dots()})\s+(?:{_ENDINGS})\b"
        rf"|\b[\w-]+\s\.\s?(?:{_ENDINGS})\b|\b[\w-]+\.\s(?:com|net|org|io)\b",
        re.IGNORECASE,
    )


def _dots() -> str:
    return "|".join(language(code).patterns["dot"] for code in codes())


def _stripped(found: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    while found and (
        found[-1] in _END or (found[-1] in ")]}" and found.count(found[-1]) > found.count(_OPENS[found[-1]]))
    ):
        found = found[:-1]
    return found


_OPENS = {")": "(", "]": "[", "}": "{"}
