"""Region, kind and zones of phone numbers in E.164, by their first digits, as libphonenumber finds them by all digits.

libphonenumber tries the patterns of a number's country one after the other, for each number. Nearly always the
first four to seven digits decide. They are found from the same patterns (`number_patterns.py`) when a number first
needs them, and kept for the life of the process.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType
from phonenumbers import timezone as number_zones
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc
from phonenumbers.tzdata import TIMEZONE_DATA

from orchestrator.number_patterns import digit_pattern

# The kinds in the order in which libphonenumber looks for them, before fixed lines and mobiles.
_SPECIAL = (
    ("premium_rate", PhoneNumberType.PREMIUM_RATE),
    ("toll_free", PhoneNumberType.TOLL_FREE),
    ("shared_cost", PhoneNumberType.SHARED_COST),
    ("voip", PhoneNumberType.VOIP),
    ("personal_number", PhoneNumberType.PERSONAL_NUMBER),
    ("pager", PhoneNumberType.PAGER),
    ("uan", PhoneNumberType.UAN),
    ("voicemail", PhoneNumberType.VOICEMAIL),
)
# The longest country code, in digits.
_LONGEST_CODE = 3
# The characters by which the plan of a number is looked up, first and last: the + and four to nine digits. The few
# numbers that these do not decide are asked of libphonenumber, so that the kept plans stay few.
_SHORTEST, _LONGEST = 5, 10
# Plans and words that are kept for one length of numbers, at most; some 10,000 cover North America.
_MOST_KEPT = 50_000
_NO_ZONES = (number_zones.UNKNOWN_TIMEZONE,)
# What begins one of libphonenumber's prefixes of zones, and is none of them or begins a longer one.
_BEFORE_ZONES = frozenset(prefix[:end] for prefix in TIMEZONE_DATA for end in range(len(prefix)))


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """What a number is.

    Attributes:
        country_code: such as 1.
        region: its ISO code, such as US; None where no region of the country code has such numbers.
        kind: one of libphonenumber's `PhoneNumberType`.
        area_code: the first three digits after the country code.
        zones: the IANA names of the zones that libphonenumber names.
    """

    country_code: int
    region: str | None
    kind: int
    area_code: str
    zones: tuple[str, ...]


class _Undecided(Exception):
    """More digits are needed."""


class _Unusual(Exception):
    """libphonenumber may read the number otherwise than by its patterns alone."""


# By the number's length, then by its first digits: the plan; "longer" where more digits decide; or "whole" where the
# whole number is asked of libphonenumber.
_plans: defaultdict[int, dict[str, NumberPlan | str]] = defaultdict(dict)


def plan_of(phone_number: str) -> NumberPlan | None:
    """The plan of a number in E.164; None where libphonenumber cannot read it."""
    known = _plans[len(phone_number)]
    for end in range(_SHORTEST, _LONGEST + 1):
        first = phone_number[:end]
        plan = known.get(first)
        if plan is None:
            if len(known) >= _MOST_KEPT:
                known.clear()
            plan = known[first] = _find_plan(first, len(phone_number) - end)
        if plan == "whole":
            break
        if plan != "longer":
            return plan  # type: ignore[return-value]  # the two words are distinguished above
    return parsed_plan_of(phone_number)


@lru_cache(maxsize=10_000)
def parsed_plan_of(phone_number: str) -> NumberPlan | None:
    """The plan of any spelling of a number that begins with +, from libphonenumber; None where it cannot read it."""
    try:
        number = phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException:
        return None
    return NumberPlan(
        country_code=number.country_code or 0,
        region=phonenumbers.region_code_for_number(number),
        kind=phonenumbers.number_type(number),
        area_code=str(number.national_number)[:3],
        zones=tuple(number_zones.time_zones_for_number(number)),
    )


def _find_plan(first: str, more: int) -> NumberPlan | str:
    """The plan of all numbers of these first digits and `more` further ones, or the word for why there is none."""
    try:
        return _decide(first[1:], more)
    except _Undecided:
        return "longer" if more and len(first) < _LONGEST else "whole"
    except (_Unusual, ValueError):
        return "whole"


def _decide(digits: str, more: int) -> NumberPlan:
    codes = (digits[:length] for length in range(1, min(len(digits), _LONGEST_CODE) + 1))
    code = next((code for code in codes if int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), None)
    if code is None:
        raise _Undecided if len(digits) < _LONGEST_CODE else _Unusual
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    national, metadata = digits[len(code) :], PhoneMetadata.metadata_for_region(regions[0], None)
    if metadata is None:
        raise _Unusual  # satellites and the like
    # What libphonenumber takes for the prefix of calls within the country, it cuts off.
    if (prefix := metadata.national_prefix_for_parsing) and _known(digit_pattern(prefix).begins(national, more)):
        raise _Unusual
    area_code = str(int(national[:3] or "0"))
    if len(national) < 3 or area_code != national[:3]:
        raise _Undecided  # libphonenumber keeps leading zeros apart from the number
    region = _region_of(regions, national, more)
    kind = PhoneNumberType.UNKNOWN if region is None else _kind_of(region, national, more)
    return NumberPlan(int(code), region, kind, area_code, _zones_of(int(code), kind, digits, more))


def _region_of(regions: tuple[str, ...], national: str, more: int) -> str | None:
    if len(regions) == 1:
        return regions[0]
    for region in regions:
        leading = _metadata_of(region).leading_digits
        if leading is not None:
            if _known(digit_pattern(leading).begins(national, more)):
                return region
        elif _kind_of(region, national, more) != PhoneNumberType.UNKNOWN:
            return region
    return None


def _zones_of(code: int, kind: int, digits: str, more: int) -> tuple[str, ...]:
    if kind == PhoneNumberType.UNKNOWN:
        return _NO_ZONES
    if not phonenumbers.is_number_type_geographical(kind, code):
        digits = str(code)
    elif more and digits in _BEFORE_ZONES:
        raise _Undecided
    prefixes = (digits[:end] for end in range(len(digits), 0, -1))
    return next((tuple(TIMEZONE_DATA[prefix]) for prefix in prefixes if prefix in TIMEZONE_DATA), _NO_ZONES)


def _metadata_of(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None  # the library has it for each region of a country code
    return metadata


def _kind_of(region: str, national: str, more: int) -> int:
    metadata = _metadata_of(region)

    def matches(described: PhoneNumberDesc | None) -> bool:
        return _matches(described, national, more)

    return _first_kind(metadata, matches)


def _first_kind(metadata: PhoneMetadata, matches: Callable[[PhoneNumberDesc | None], bool]) -> int:
    if not matches(metadata.general_desc):
        return PhoneNumberType.UNKNOWN
    for name, kind in _SPECIAL:
        if matches(getattr(metadata, name)):
            return kind
    if matches(metadata.fixed_line):
        is_both = metadata.same_mobile_and_fixed_line_pattern or matches(metadata.mobile)
        return PhoneNumberType.FIXED_LINE_OR_MOBILE if is_both else PhoneNumberType.FIXED_LINE
    is_mobile = not metadata.same_mobile_and_fixed_line_pattern and matches(metadata.mobile)
    return PhoneNumberType.MOBILE if is_mobile else PhoneNumberType.UNKNOWN


def _matches(described: PhoneNumberDesc | None, national: str, more: int) -> bool:
    if described is None or not described.national_number_pattern:
        return False
    lengths = described.possible_length
    if lengths and len(national) + more not in lengths:
        return False
    return _known(digit_pattern(described.national_number_pattern).matches_all(national, more))


def _known(answer: bool | None) -> bool:
    if answer is None:
        raise _Undecided
    return answer
