"""Finds what names a person in text of any format: their ids, numbers, e-mail address and full name."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from orchestrator.store.privacy import Identity

# What may stand between the digits of a number. Postgres reads this pattern too.
_BETWEEN_DIGITS = r"[\s().\-/]*"
_E164 = re.compile(r"\+[0-9]{7,15}")
# The fields that hold a caller's own id, up to the id: `"user_id": "`, `userId=`, `\"external_id\": \"`.
_ID_FIELD = r"(?:user|person|external|recipient)_?id\W{1,8}"
# An id of the caller is looked for without its field where it is no ordinary word or number.
_SHORTEST_DISTINCT_ID = 6
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
# JSON within JSON within JSON is escaped three times.
_MOST_ESCAPES = 3


def trace_pattern(identity: Identity) -> str:
    """Return a regular expression that finds a person in text, for Python's `re` and for Postgres's `~*`; ignore case.

    A caller's own id that is an ordinary word or number, such as `ada` or `17`, is found after the name of its field.
    """
    parts = [identity.user_id.replace("-", "-?"), *map(_number_pattern, identity.all_numbers)]
    if identity.external_id:
        word = rf"{re.escape(identity.external_id)}(?![\w-])"
        parts.append(_ID_FIELD + word)
        if _is_distinct(identity.external_id):
            parts.append(rf"(?<![\w-]){word}")
    if identity.email:
        parts.append(re.escape(identity.email))
    return "|".join(f"(?:{part})" for part in parts)


def name_pattern(identity: Identity) -> str | None:
    """Return a regular expression that finds a person's full name; others may have it too. None without a full name."""
    words = (identity.full_name or "").split()
    spelling = r"\s+".join(map(re.escape, words))
    return rf"(?<!\w){spelling}(?!\w)" if words else None


def is_about(identity: Identity, body: str) -> bool:
    """Whether a queue's body names a person.

    The body is parsed where it is JSON, and searched as it is: it may be damaged, escaped, encoded for a URL, or JSON
    inside a string. A body that is no JSON names the person too where their external id is a word of it.
    """
    pattern = trace_pattern(identity)
    try:
        # All pairs, because of two fields of one name the parser would keep the last.
        values = list(_strings(json.loads(body, object_pairs_hook=lambda pairs: list(map(list, pairs)))))
    except (ValueError, RecursionError):
        values = []
        if identity.external_id:
            pattern += rf"|(?<![\w-]){re.escape(identity.external_id)}(?![\w-])"
    texts = [body, unquote_plus(body), *values]
    return identity.external_id in values or any(
        re.search(pattern, spelling, re.IGNORECASE) for text in texts for spelling in _unescape(text)
    )


def _number_pattern(number: str) -> str:
    """The number in any spelling, North American ones also without their country code."""
    if not _E164.fullmatch(number):
        return re.escape(number)
    digits = number.removeprefix("+")
    is_north_american = len(digits) == 11 and digits.startswith("1")
    national = digits[1:] if is_north_american else digits
    country = rf"(?:1{_BETWEEN_DIGITS})?" if is_north_american else ""
    return rf"(?<![0-9]){country}{_BETWEEN_DIGITS.join(national)}(?![0-9])"


def _is_distinct(external_id: str) -> bool:
    return len(external_id) >= _SHORTEST_DISTINCT_ID and not external_id.isalpha() and not external_id.isdigit()


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _unescape(text: str) -> Iterator[str]:
    """The text, and the text without its backslash escapes, as often as it is escaped."""
    yield text
    for _ in range(_MOST_ESCAPES):
        if "\\" not in text:
            return
        text = _ESCAPE.sub(_character_of, text)
        # A character beyond the first 65,536 is escaped as two surrogates.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        yield text


def _character_of(escape: re.Match[str]) -> str:
    code, character = escape.groups()
    if code:
        return chr(int(code, 16))
    return " " if character in "bfnrt" else character
