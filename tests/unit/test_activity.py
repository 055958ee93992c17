"""How many texts a person's activity lets through (R4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator.people import Person
from orchestrator.rules.activity import may_come_forward, may_reply
from orchestrator.settings import ActivitySettings, PolicySettings, load

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
TODAY = date(2026, 3, 3)
ACTIVE = Person(UUID(int=1), "+12125550101", last_inbound_at=NOW - timedelta(minutes=1))
DEFAULTS = ActivitySettings()
OTHERS = ActivitySettings(active_texts_per_inbound=1, active_texts_per_hour=2, active_texts_per_day=3)


@pytest.mark.parametrize(
    ("ceilings", "on_this_text", "this_hour", "today", "texts", "may"),
    [
        (DEFAULTS, 0, 0, 0, 3, True),
        (DEFAULTS, 0, 0, 0, 4, False),
        (DEFAULTS, 2, 5, 11, 1, True),
        (DEFAULTS, 3, 3, 3, 1, False),
        (DEFAULTS, 0, 6, 6, 1, False),
        (DEFAULTS, 0, 0, 12, 1, False),
        (DEFAULTS, 1, 1, 1, 2, True),
        (DEFAULTS, 2, 2, 2, 2, False),
        (DEFAULTS, 3, 6, 12, 0, True),  # a part after the first counts with the first
        (OTHERS, 0, 1, 2, 1, True),
        (OTHERS, 1, 1, 1, 1, False),
        (OTHERS, 0, 2, 2, 1, False),
        (OTHERS, 0, 0, 3, 1, False),
    ],
)
def test_each_ceiling_holds_by_itself(
    ceilings: ActivitySettings, on_this_text: int, this_hour: int, today: int, texts: int, may: bool
) -> None:
    person = replace(
        ACTIVE,
        texts_while_active=on_this_text,
        active_texts_this_hour=this_hour,
        active_texts_by_day={TODAY: today, TODAY - timedelta(days=1): 12},
    )
    assert may_come_forward(person, texts, TODAY, ceilings, NOW) is may


@pytest.mark.parametrize(
    ("to_this_text", "this_hour", "today", "may"),
    [
        (4, 29, 59, True),
        (5, 29, 59, False),
        (6, 0, 0, False),  # the ceiling was lowered since
        (0, 30, 30, False),
        (0, 31, 31, False),
        (0, 0, 60, False),
        (0, 0, 61, False),
    ],
)
def test_each_ceiling_of_replies_holds_by_itself(to_this_text: int, this_hour: int, today: int, may: bool) -> None:
    person = replace(
        ACTIVE,
        replies_to_text=to_this_text,
        replies_this_hour=this_hour,
        replies_by_day={TODAY: today, TODAY - timedelta(days=1): 60},
    )
    assert may_reply(person, TODAY, DEFAULTS) is may


@pytest.mark.parametrize(("ceiling", "may"), [(0, False), (1, True)])
def test_on_a_day_without_a_text_the_whole_ceiling_is_left(ceiling: int, may: bool) -> None:
    ceilings = ActivitySettings(active_texts_per_day=ceiling, replies_per_day=ceiling)
    assert may_come_forward(ACTIVE, 1, TODAY, ceilings, NOW) is may
    assert may_reply(ACTIVE, TODAY, ceilings) is may


def test_a_person_who_is_not_active_gets_none() -> None:
    assert not may_come_forward(replace(ACTIVE, last_inbound_at=NOW - timedelta(minutes=10)), 1, TODAY, DEFAULTS, NOW)


def test_the_ceilings_are_settings() -> None:
    policy = load(PolicySettings, {"ACTIVE_TEXTS_PER_INBOUND": "1", "ACTIVE_TEXTS_PER_HOUR": "2"})
    assert (policy.active_texts_per_inbound, policy.active_texts_per_hour, policy.active_texts_per_day) == (1, 2, 12)
