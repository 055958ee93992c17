"""Days that have a name: each is one day of its year, and no other."""

from datetime import date, timedelta

import pytest

from orchestrator.wording.facts.named_days import _DAYS, is_named_day

# https://www.timeanddate.com/holidays/us/2026, and the dates of Easter in 2026 of the Western churches.
IN_2026 = {
    "new_year": "01-01",
    "epiphany": "01-06",
    "mlk_day": "01-19",
    "valentine": "02-14",
    "presidents_day": "02-16",
    "st_patrick": "03-17",
    "good_friday": "04-03",
    "easter": "04-05",
    "easter_monday": "04-06",
    "labour_day": "05-01",
    "mothers_day": "05-10",
    "ascension": "05-14",
    "pentecost": "05-24",
    "memorial_day": "05-25",
    "juneteenth": "06-19",
    "fathers_day": "06-21",
    "fourth_of_july": "07-04",
    "bastille_day": "07-14",
    "labor_day": "09-07",
    "columbus_day": "10-12",
    "halloween": "10-31",
    "all_saints": "11-01",
    "veterans_day": "11-11",
    "thanksgiving": "11-26",
    "christmas_eve": "12-24",
    "christmas": "12-25",
    "boxing_day": "12-26",
    "new_years_eve": "12-31",
}


def test_the_table_holds_every_named_day() -> None:
    assert set(IN_2026) == set(_DAYS)


@pytest.mark.parametrize(("name", "day"), IN_2026.items())
def test_a_name_is_that_of_one_day_of_the_year(name: str, day: str) -> None:
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    assert [found for found in days if is_named_day(name, found)] == [date.fromisoformat(f"2026-{day}")]
