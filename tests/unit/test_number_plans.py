"""The first digits of a number decide what libphonenumber finds by all of them."""

import random

import phonenumbers
import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from orchestrator import number_plans
from orchestrator.number_patterns import DigitPattern
from orchestrator.number_plans import parsed_plan_of, plan_of
from orchestrator.people import is_e164

RANDOM = random.Random(7)


def digits(length: int) -> str:
    return f"{RANDOM.randrange(10**length):0{length}}"


def around(first: str, length: int) -> list[str]:
    """Numbers with these first digits, of about the given length."""
    return [
        "+" + first + digits(max(more - len(first), 1)) for more in (length - 1, length, length, length, length + 1)
    ]


# Three numbers of each area code of North America, and of each exchange of some that share their code between regions
# or give single exchanges a kind of their own.
NORTH_AMERICA = [
    *(f"+1{area}{exchange}{digits(4)}" for area in range(200, 1000) for exchange in (212, 555, RANDOM.randrange(200, 1000))),
    *(f"+1{area}{exchange}{digits(4)}" for area in (340, 473, 523, 524, 684, 787, 983) for exchange in range(200, 1000)),
]  # fmt: skip
EXAMPLES = {
    region: [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        for kind in phonenumbers.PhoneNumberType.values()
        if (example := phonenumbers.example_number_for_type(region, kind))
    ]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
}


def check(numbers: list[str]) -> None:
    for number in filter(is_e164, numbers):
        assert plan_of(number) == parsed_plan_of.__wrapped__(number), number


def test_each_area_code_of_north_america_is_what_the_library_finds() -> None:
    check(NORTH_AMERICA)


def test_the_first_digits_decide_in_north_america_always_and_elsewhere_but_for_one_in_thirty() -> None:
    parsed_plan_of.cache_clear()
    for number in NORTH_AMERICA:
        plan_of(number)
    assert parsed_plan_of.cache_info().misses == 0
    examples = [number for numbers in EXAMPLES.values() for number in numbers if is_e164(number)]
    for number in examples:
        plan_of(number)
    assert 0 < parsed_plan_of.cache_info().misses < len(examples) / 30


@pytest.mark.parametrize("region", EXAMPLES)
def test_each_kind_of_number_of_a_country_is_what_the_library_finds(region: str) -> None:
    examples = EXAMPLES[region]
    assert examples
    check([*examples, *(n for example in examples for n in around(example[1:6], len(example) - 1))])
    check([number for example in examples for number in around(example[1:9], len(example) - 1)])


def test_numbers_at_each_border_between_zones_are_what_the_library_finds() -> None:
    check([number for prefix in TIMEZONE_DATA for number in around(prefix, 11)])


def test_numbers_of_any_digits_are_what_the_library_finds() -> None:
    check(["+" + digits(RANDOM.randrange(7, 16)) for _ in range(5_000)])


def test_few_plans_are_kept_whatever_numbers_come(monkeypatch: pytest.MonkeyPatch) -> None:
    plan_of("+12125550123")  # its plan is known
    monkeypatch.setattr(number_plans, "_find_plan", lambda *_: pytest.fail("looked up once more"))
    for _ in range(100):
        assert plan_of(f"+12125{digits(6)}") == plan_of("+12125550123")


@pytest.mark.parametrize("pattern", ["a", "[2-9", r"\w", "(?:1|2", "1)", "1*", "1+"])
def test_what_is_no_pattern_of_digits_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a pattern of digits"):
        DigitPattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "first", "more", "matches", "begins"),
    [
        (r"[2-9]\d{3}", "2", 3, True, None),
        (r"[2-9]\d{3}", "1", 3, False, False),
        (r"[2-9]\d{3}", "2", 2, False, None),
        (r"12?[34]{1,2}", "1", 2, None, None),
        (r"12?[34]{1,2}", "13", 0, True, True),
        (r"12?[34]{1,2}", "12", 0, False, False),
        (r"(?:1|2(?:3|4))5", "24", 1, None, None),
        (r"(?:1|2(?:3|4))5", "245", 0, True, True),
        ("0", "05", 3, False, True),
        ("", "5", 0, False, True),
    ],
)
def test_a_pattern_answers_for_all_numbers_that_begin_with_some_digits(
    pattern: str, first: str, more: int, matches: bool | None, begins: bool | None
) -> None:
    assert DigitPattern(pattern).matches_all(first, more) is matches
    assert DigitPattern(pattern).begins(first, more) is begins
