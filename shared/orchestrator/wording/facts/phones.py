"""Phone numbers, as libphonenumber finds them."""

import re
from collections.abc import Iterator
from decimal import Decimal

from orchestrator.wording.facts.kinds import Code, Fact, Found, Number, Phone

# Where a number without a country code is read; people of the allowed countries mostly share this plan.
REGION = "US"
# Digits of a number without its area code.
_SHORTEST = 7
_LONG = re.compile(r"(?<![\w.,])\+?\(?\d[\d\s().-]{5,}\d(?!\w)")


def find_phones(text: str) -> Iterator[Found]:
    """Yield what may be a phone number; long runs of digits may be a number or a code as well."""
    if sum(character.isdigit() for character in text) < _SHORTEST:
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    end = 0
    for match in PhoneNumberMatcher(text, REGION, leniency=Leniency.POSSIBLE):
        if re.search(r"\w$", text[: match.start]) or re.match(r"\w", text[match.end :]):
            continue
        end = match.end
        e164 = f"{match.number.country_code}{match.number.national_number}"
        yield Found(match.start, match.end, (Phone(e164), *_as_number(match.raw_string)))
    for run in _LONG.finditer(text, end):
        if sum(character.isdigit() for character in run[0]) < _SHORTEST:
            continue
        yield Found(run.start(), run.end(), (Phone(re.sub(r"\D", "", run[0])), *_as_number(run[0])))


def _as_number(written: str) -> Iterator[Fact]:
    digits = re.sub(r"\D", "", written)
    yield Code(digits)
    if not re.search(r"[()+-]", written):
        yield Number(Decimal(digits))
