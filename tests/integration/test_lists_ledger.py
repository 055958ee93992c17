"""Consents, checks of numbers, limits and settings, each among rows that fail one of the conditions."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.agents import Agent
from orchestrator.purpose import Purpose
from orchestrator.rules.number_check import NumberAnswer, NumberCheck
from orchestrator.store.agents import list_agents, set_agent
from orchestrator.store.consents import OptedOutPerson, list_consents, list_people_opted_out
from orchestrator.store.number_checks import (
    ConsentedNumber,
    NumberCheckRow,
    NumberClaim,
    claim_number_checks,
    read_number_checks,
    write_number_checks,
)
from orchestrator.store.opt_outs import list_opt_outs
from orchestrator.store.people import change_user, list_unreadable_numbers, list_zone_faults
from orchestrator.store.privacy import export_person
from tests.named_rows import ADA, BEN, DAY, HOUR, NOW, SECOND, NamedRows


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    return NamedRows.of_ada_and_ben(connection)


# Consents and numbers -----------------------------------------------------------------------------------------------------


def consents(rows: NamedRows, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Entries of Ada for marketing, given a day ago."""
    base = {"user_id": rows["ada"], "phone_number": ADA, "purpose": "marketing", "is_given": True, "at": NOW - DAY}
    recorded = {"source": "form", "recorded_by": "grace", "recorded_at": NOW}
    rows.add("orchestrator.consents", {**base, **recorded}, entries)


def test_the_ledger_with_what_holds(rows: NamedRows) -> None:
    in_order = ["first", "tied", "ended", "revoked topic", "topic", "again", "revoked", "of ben"]
    assert rows.names([rows[name] for name in in_order]) == in_order
    details = {"wording": "w", "reference": "r", "until": NOW + DAY}
    of_topic = {"purpose": None, "topic": "crm"}
    consents(
        rows,
        {
            "of ben": {"user_id": rows["ben"], "phone_number": BEN, "at": NOW - HOUR},
            "revoked": {"is_given": False, "purpose": "informational", "at": NOW - 2 * HOUR},
            "again": {**of_topic, "topic": "sales", "at": NOW - 3 * HOUR},
            "topic": {**of_topic, "at": NOW - 4 * HOUR},
            "revoked topic": {**of_topic, "is_given": False, "at": NOW - 5 * HOUR},
            "ended": {"until": NOW, "at": NOW - 6 * HOUR},
            "tied": {"purpose": "informational"},
            "first": details,
        },
    )
    found = list_consents(rows.connection, None, NOW)
    assert [(rows.name(entry.id), entry.holds) for entry in found] == [
        ("first", True),
        ("tied", False),  # revoked since
        ("ended", False),
        ("revoked topic", False),  # agreed to again
        ("topic", True),
        ("again", True),
        ("revoked", True),
        ("of ben", True),
    ]
    first = found[0]
    of_first = (first.user_id, first.external_id, first.phone_number, first.purpose, first.topic, first.is_given)
    assert of_first == (rows["ada"], "ada", ADA, "marketing", None, True)
    assert (first.at, first.until, first.source, first.wording, first.reference) == (
        NOW - DAY,
        NOW + DAY,
        "form",
        "w",
        "r",
    )
    assert (first.recorded_by, first.recorded_at) == ("grace", NOW)
    assert list_consents(rows.connection, rows["ben"], NOW) == [found[-1]]
    consents(rows, {"revoked again": {**of_topic, "is_given": False, "at": NOW - SECOND}})
    holds = {rows.name(entry.id): entry.holds for entry in list_consents(rows.connection, None, NOW)}
    assert (holds["topic"], holds["again"], holds["revoked again"], holds["revoked topic"]) == (
        False,
        True,
        True,
        False,
    )


def test_consented_numbers_with_the_last_answer(rows: NamedRows) -> None:
    consents(
        rows,
        {
            "older": {"at": NOW - 2 * DAY},
            "newest": {},
            "of another purpose": {"purpose": "informational", "at": NOW - HOUR},
            "of ben": {"user_id": rows["ben"], "phone_number": BEN},
        },
    )
    rows.person("cem", "+12125550103")
    checked = {"user_id": rows["ada"], "phone_number": ADA, "verified_on": NOW.date()}
    rows.add(
        "orchestrator.number_checks",
        {**checked, "answer": "no"},
        {
            "newest answer": {"asked_at": NOW - HOUR, "answer": "yes", "verified_on": date(2026, 3, 1)},
            "older answer": {"asked_at": NOW - DAY},
            "under way": {"asked_at": NOW, "answer": None},
            "of another": {"asked_at": NOW, "phone_number": "+12125550104"},
        },
    )
    numbers = [ADA, ADA, BEN, "+12125550103"]
    asked = [check["asked_at"] for check in export_person(rows.connection, rows["ada"])["number_checks"]]
    assert len(asked) > 2
    assert asked == sorted(asked)
    last = NumberCheck(NumberAnswer.OTHER_OWNER, date(2026, 3, 1), NOW - HOUR)
    assert read_number_checks(rows.connection, numbers, NOW) == {
        ADA: ConsentedNumber(NOW - DAY, last),
        BEN: ConsentedNumber(NOW - DAY, None),
    }


def test_numbers_are_claimed_that_nobody_asks_about_or_has_just_asked(rows: NamedRows) -> None:
    before, lately = NOW - timedelta(minutes=1), NOW - timedelta(minutes=1) + SECOND
    earlier: dict[str, list[tuple[str | None, datetime]]] = {
        "never": [],
        "claimed": [(None, lately)],
        "claim lapsed": [(None, before)],
        "answered": [("yes", lately)],
        "answered before": [("yes", before)],
        "answered, and claimed before": [("yes", lately), (None, before)],
        "answered before, and claimed": [("yes", before), (None, lately)],
    }
    numbers = {name: f"+121255501{place}" for place, name in enumerate(earlier, 10)}
    for name, checks in earlier.items():
        for place, (answer, asked_at) in enumerate(checks):
            check = {"user_id": rows["ben"], "phone_number": numbers[name], "verified_on": date(2026, 1, 1)}
            check_id = rows[f"{name} {place}"]
            rows.write("orchestrator.number_checks", id=check_id, answer=answer, asked_at=asked_at, **check)
    claims = [NumberClaim(rows[name], rows["ada"], numbers[name], NOW.date()) for name in reversed(earlier)]
    held = claim_number_checks(rows.connection, claims, NOW)
    assert {rows.name(claim) for claim in held} == {"never", "claim lapsed", "answered before"}
    stored = rows.connection.execute(
        "SELECT id, phone_number, user_id, verified_on, asked_at FROM orchestrator.number_checks WHERE answer IS NULL"
        " ORDER BY phone_number"
    ).fetchall()
    of_ada, of_ben = (rows["ada"], NOW.date(), NOW), (rows["ben"], date(2026, 1, 1))
    assert stored == [
        (rows["never"], numbers["never"], *of_ada),
        (rows["claimed 0"], numbers["claimed"], *of_ben, lately),
        (rows["claim lapsed"], numbers["claim lapsed"], *of_ada),
        (rows["answered before"], numbers["answered before"], *of_ada),
        (rows["answered, and claimed before 1"], numbers["answered, and claimed before"], *of_ben, before),
        (rows["answered before, and claimed 1"], numbers["answered before, and claimed"], *of_ben, lately),
    ]
    answers = [NumberCheckRow(rows[name], numbers[name], NumberAnswer("no")) for name in ("never", "claim lapsed")]
    for later in (SECOND, HOUR):
        write_number_checks(rows.connection, answers, Decimal("0.02"), NOW + later)
    answered = "SELECT id FROM orchestrator.number_checks WHERE answer = 'no' AND asked_at = %s ORDER BY phone_number"
    assert rows.connection.execute(answered, (NOW + HOUR,)).fetchall() == [(rows["never"],), (rows["claim lapsed"],)]
    spent = "SELECT day, sum(twilio_usd) FROM orchestrator.spending_shards GROUP BY 1"
    assert rows.connection.execute(spent).fetchall() == [(NOW.date(), Decimal("0.08"))]


def test_opt_outs_in_force_oldest_first(rows: NamedRows) -> None:
    rows.person("other", "+12125550109")
    for name, number, of, at, columns in (
        ("newest", "+12125550103", "ada", NOW, {"note": "on the phone", "recorded_at": NOW + HOUR}),
        ("of her number", ADA, "other", NOW - SECOND, {}),
        ("oldest", "+12125550104", "ada", NOW - HOUR, {}),
        ("ended", "+12125550105", "ada", NOW, {"ended_at": NOW}),
        ("of ben", BEN, "ben", NOW - DAY, {}),
        ("of nobody", "+12125550106", None, NOW, {}),
    ):
        stop = {"user_id": rows[of] if of else None, "opted_out_at": at, "source": name, **columns}
        rows.write("orchestrator.opt_outs", id=rows[name], phone_number=number, **stop)
    found = list_opt_outs(rows.connection, rows["ada"])
    assert [opt_out.source for opt_out in found] == ["oldest", "of her number", "newest"]
    newest = found[-1]
    assert (newest.opted_out_at, newest.note, newest.recorded_at) == (NOW, "on the phone", NOW + HOUR)
    people = list_people_opted_out(rows.connection)
    assert [rows.name(person.user_id) for person in people] == ["ben", "ada", "other", "ada"]
    assert people[-1] == OptedOutPerson(rows["ada"], "ada", "+12125550103", "on the phone", NOW)
    assert people[0].source == "of ben"


def test_people_whose_number_or_zone_is_unknown(rows: NamedRows) -> None:
    zones = ["America/New_York", "America/New_York", "CST", "CST", "CST", None, "b", "a"]
    people = [
        "+12125550110",
        "(212) 555-0111",
        "+442079460000",
        "+18005550112",
        "+12125550113",
        "+442079460001",
        "x",
        "y",
    ]
    for place, (zone, number) in enumerate(zip(zones, people, strict=True)):
        rows.person(f"p{place}", number, timezone=zone, created_at=NOW - place * SECOND)
    rows.person("forgotten", "forgotten-1", timezone=None)
    rows.person("nameless", "z", external_id=None, created_at=NOW - HOUR)
    assert list_unreadable_numbers(rows.connection, 9) == [str(rows["nameless"]), "p7", "p6"]
    assert list_unreadable_numbers(rows.connection, 2) == [str(rows["nameless"]), "p7"]
    faults = list_zone_faults(rows.connection, 9)
    assert list(faults.no_places.items()) == [("CST", 3), ("a", 1), ("b", 1)]
    assert faults.zoneless == ["p3"]


# Limits and settings ------------------------------------------------------------------------------------------------------


BUDGET = "SELECT date, messages_sent, daily_limit, hourly_limit, quiet_hours_enabled FROM user_message_budget"


def test_limits_are_written_into_the_row_that_holds_them(rows: NamedRows) -> None:
    """Where there is none, into that of yesterday, which counts no text any more."""
    today = NOW.date()
    change_user(rows.connection, "ada", {"daily_limit": 5}, NOW)
    assert rows.connection.execute(BUDGET).fetchall() == [(today - DAY, 0, 5, None, True)]
    for name, value in (("hourly_limit", 1), ("quiet_hours_enabled", False), ("daily_limit", 6)):
        change_user(rows.connection, "ada", {name: value}, NOW)
    assert rows.connection.execute(BUDGET).fetchall() == [(today - DAY, 0, 6, 1, False)]
    for user, day, sent in (("ada", today, 3), ("ada", today + DAY, 2), ("ben", today - 2 * DAY, 4)):
        limits = {"daily_limit": 7, "hourly_limit": 8, "quiet_hours_enabled": False}
        rows.write("user_message_budget", user_id=rows[user], date=day, messages_sent=sent, **limits)
    change_user(rows.connection, "ada", {"hourly_limit": 9}, NOW)
    change_user(rows.connection, "ben", {"daily_limit": 1}, NOW)
    in_order = rows.connection.execute(f"{BUDGET} ORDER BY user_id, date".encode()).fetchall()
    assert in_order == [
        (today - DAY, 0, 6, 1, False),
        (today, 3, 7, 9, False),
        (today + DAY, 2, 7, 8, False),
        (today - 2 * DAY, 4, 1, 8, False),
    ]


def test_limits_are_those_of_today_or_of_the_newest_day_before_or_else_of_a_later_one(rows: NamedRows) -> None:
    today = NOW.date()

    def limits(days: int) -> tuple[Any, ...] | None:
        found = rows.connection.execute(
            "SELECT date, daily_limit, hourly_limit, quiet_hours_enabled FROM orchestrator.limits_of(%s, %s)",
            (rows["ada"], today + days * DAY),
        ).fetchall()
        assert len(found) <= 1
        return found[0] if found else None

    for days in (-1, 0, 9):
        rows.write("user_message_budget", user_id=rows["ben"], date=today + days * DAY, daily_limit=99)
    assert limits(0) is None
    for days in (-5, -1, 2, 4):
        written = {"daily_limit": 10 + days, "hourly_limit": 20 + days, "quiet_hours_enabled": days == 2}
        rows.write("user_message_budget", user_id=rows["ada"], date=today + days * DAY, **written)
    assert [limits(days) for days in (-5, -2, 0, 2, 9)] == [
        (today + days * DAY, 10 + days, 20 + days, days == 2) for days in (-5, -5, -1, 2, 4)
    ]
    assert limits(-6) == (today + 4 * DAY, 14, 24, False)


def test_settings_of_an_agent_are_written_whole(rows: NamedRows) -> None:
    set_agent(rows.connection, Agent("other"))
    set_agent(rows.connection, Agent("saga"))
    every = Agent("saga", False, 7, ["shop"], True, Purpose.MARKETING, needs_approval=True)
    set_agent(rows.connection, every)
    assert list_agents(rows.connection) == [Agent("other"), every]
    again = Agent("saga", True, None, None, False, Purpose.TRANSACTIONAL, needs_approval=False)
    set_agent(rows.connection, again)
    assert list_agents(rows.connection) == [Agent("other"), again]


@pytest.mark.parametrize(
    ("function", "column", "value", "reads"),
    [
        ("law_texts(%s, %s)", "law_texts", 1, {"texts": 1, "started_at": NOW}),
        (
            "reply_texts(%s, %s + interval '26 hours')",
            "reply_to",
            NOW - HOUR,
            {"reply_to": NOW - HOUR, "local_date": NOW.date(), "started_at": NOW},
        ),
    ],
)
def test_texts_that_count_toward_a_ceiling(
    rows: NamedRows, function: str, column: str, value: Any, reads: Mapping[str, Any]
) -> None:
    rows.person("cem", "+12125550103")
    rows.add(
        "orchestrator.attempts",
        rows.attempt("ada", message_id=UUID(int=0), **{column: value}),
        {
            "accepted": {},
            "unknown": {"outcome": "unknown"},
            "open": {"outcome": None, "user_id": rows["ben"]},
            "refused": {"outcome": "refused"},
            "not sent": {"outcome": "not_sent"},
            "to another": {"user_id": rows["cem"]},
            "too old": {"started_at": NOW - SECOND},
            "of another kind": {column: 0 if column == "law_texts" else None},
        },
    )
    found = rows.connection.execute(
        f"SELECT * FROM orchestrator.{function}".encode(), ([rows["ada"], rows["ben"]], NOW - SECOND)
    )
    assert found.fetchall() == [tuple(reads.values())] * 3
