"""What makes any text unfit for a phone, whether an agent or Claude wrote it: JSON, and unfilled placeholders (G7)."""

import json
import re

# The beginning of an object or of a list of texts, whole or cut off, anywhere in a text.
_JSON = re.compile(
    r"""\{\s*["'][^"'{}\n]{1,80}["']\s*:|\{\s*\w{1,40}\s*:\s*["'\d\[{]|\[\s*["'][^"'\[\]\n]*["']\s*[,\]]|\[\s*\{\s*["']"""
)
# A text that begins as a list, or as the entry of an object does, or is one word that JSON has.
_CUT_OFF = re.compile(r"""\[\s*"[^"\]\n]*$|"\w{1,40}"\s*:|(?:null|undefined|NaN)$""")
_FENCE = re.compile(r"^\s*```\w*\s*|\s*```\s*$")
# What stands in brackets only where a value was to be put in: [Name], [insert link here], <first_name>.
_SLOT = (
    r"(?:(?:insert|enter|add)\b[^\[\]<>\n]{0,40}"
    r"|(?:(?:your|the|first|last|full|customer|client|recipient|user|contact|company|business|agent|sender)[ _-]?){0,2}"
    r"(?:name|nombre|pr[ée]nom|vorname|nachname|nome|apellido|date|fecha|datum|time|link|url|amount|number|phone|email|"
    r"address|city|price|code|event|product|service|reason|placeholder)(?: here)?"
    r"|(?:tu|su|seu|sua|votre|ton|dein|ihr) (?:nombre|nome|nom|prénom|name|vorname|fecha|data|date|datum))"
)
_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{0,80}\}\}|\{%[^%\n]{0,80}%\}|\$\{[^{}\n]{0,80}\}|\{[A-Za-z_][\w .-]{0,40}\}|\{\d{0,2}\}"
    r"|%\(\w{1,40}\)[sd]|(?<![\w%])%[sd]\b|%[A-Z][A-Z_]{2,40}%|\*\|[A-Z_:]{2,40}\|\*"
    rf"|(?i:\[{_SLOT}\])|(?i:<{_SLOT}>)|<<\w{{1,40}}>>"
    r"|(?<!\w)@@\w{1,40}@@|(?<!\w)__[A-Z][A-Z_]{1,38}__(?!\w)|(?<!\w)\$(?:[A-Z]*(?:NAME|DATE|LINK|URL|CODE|TIME|AMOUNT|PRICE)|[A-Z]+_[A-Z_]+)(?!\w)|<%[^%\n]{0,80}%>"
    r"|(?i:\b(?:hi|hello|hey|dear|hola|bonjour|hallo|ol[áa])),? (?:_{3,}|[$:%](?:first_?|last_?)?name%?)(?!\w)"
    r"|[$€£]\s?X+(?:[.,]X+)?(?!\w)|(?<!\w)X{6,}(?!\w)"
    rf"|(?i:\(\({_SLOT}\)\))|\{{[A-Za-z_][\w.]*\|[^{{}}\n]{{1,60}}\}}"
    r"|\[object Object\]|(?i:\b(?:hi|hello|hey|dear|hola|bonjour|hallo|ol[áa])),? (?:null|undefined|None|NaN|nil)\b"
)
# Each placeholder holds one of these characters or words. They are looked for first, because most texts hold none.
_MARKS = re.compile(r"[{%\[<*@_$:X(]")
_NO_VALUES = re.compile(r"n(?:ull|il)|undefined|N(?:one|aN)")


def is_json(text: str) -> bool:
    """Return whether a text is a JSON object or list, also one in a code fence, or holds one, also one cut off."""
    inner = (_FENCE.sub("", text) if "```" in text else text).strip()
    if _JSON.search(inner) or _CUT_OFF.match(inner):
        return True
    if inner[:1] not in ("{", "["):
        return False
    try:
        return isinstance(json.loads(inner), dict | list)
    except (ValueError, RecursionError):
        return False


def unfilled_placeholder(text: str) -> str | None:
    """Return the first place of a template that was not filled, such as `{first_name}`, `%s` or `[Name]`."""
    if not _MARKS.search(text) and not _NO_VALUES.search(text):
        return None
    found = _PLACEHOLDER.search(text)
    return found[0] if found else None
