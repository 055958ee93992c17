"""People and their limits, each read among rows of others and of other times."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from psycopg import Connection

from orchestrator.people import Person
from orchestrator.store.database import sql
from orchestrator.store.people import PersonRecord, read_user
from orchestrator.store.people_list import FIRST_ID, iterate_people
from tests.named_rows import ADA, BEN, HOUR, MINUTE, NOW, SECOND, NamedRows

TODAY, DAY = NOW.date(), timedelta(days=1)
QUIET: dict[str, Any] = {"quiet_hours_start": time(21), "quiet_hours_end": time(9)}


@pytest.fixture
def rows(connection: Connection) -> NamedRows:
    """Ada, somebody who shares her phone, Ben, and a person whose number cannot be read."""
    rows = NamedRows(connection)
    rows.person(
        "ada", ADA, first_name="Ada", timezone="America/New_York", law_place="NY", response_pattern={"a": 1}, **QUIET
    )
    rows.person("sharer", "(212) 555-0101")
    rows.person("ben", BEN)
    rows.person("unreadable", "none")
    return rows


def budget(
    rows: NamedRows, of: str, day: date, sent: int | None, daily: int | None = 9, hourly: int | None = 8
) -> None:
    limits = {"daily_limit": daily, "hourly_limit": hourly, "quiet_hours_enabled": False}
    rows.write("user_message_budget", user_id=rows[of], date=day, messages_sent=sent, **limits)


def attempts(rows: NamedRows) -> None:
    """Texts of the last hour: two to Ada, three to the one who shares her phone, one to the one without a number."""
    for name, to, ago, columns in (
        ("a1", "ada", SECOND, {}),
        ("a2", "sharer", HOUR - SECOND, {}),
        ("a3", "sharer", MINUTE, {}),
        ("unreadable's", "unreadable", MINUTE, {}),
        ("an hour ago", "ada", HOUR, {}),
        ("without a slot", "ada", MINUTE, {"holds_slot": False}),
        ("to ben", "ben", MINUTE, {}),
    ):
        given = {"message_id": rows[f"message of {name}"], "started_at": NOW - ago, **columns}
        rows.write("orchestrator.attempts", id=rows[name], **rows.attempt(to, **given))
    for to in ("ada", "sharer", "ben"):  # of another sender
        other = rows.text(to, direction="outbound", status="sent", role="agent", created_at=NOW - MINUTE)
        rows.write("messages", **other)


def test_a_person_is_shown_with_what_their_phone_got(rows: NamedRows) -> None:
    attempts(rows)
    for of, days, sent in (
        ("ada", -1, 3),
        ("sharer", -1, 4),
        ("ben", -1, 50),
        ("sharer", 0, 7),
        ("ada", 1, None),
        ("ada", -2, 100),
    ):
        budget(rows, of, TODAY + days * DAY, sent, daily=20 + days, hourly=10 + days)
    for created, columns in (
        (NOW - 2 * HOUR, {}),
        (NOW - HOUR, {}),
        (NOW - MINUTE, {"content": " stop "}),
        (NOW + SECOND, {}),
        (NOW, {"user_id": rows["sharer"]}),
    ):
        rows.write("messages", **rows.text("ada", created_at=created, **columns))
    rows.write("orchestrator.opt_outs", phone_number=ADA, source="keyword", opted_out_at=NOW)
    unread = {"user_id": rows["ben"], "phone_number": ADA, "received_at": NOW}
    rows.write("orchestrator.readings", inbound_id=rows["unread"], kind="unjudged", **unread)
    rows.write("orchestrator.numbers", phone_number=ADA, dead_code=30006, unreachable_until=NOW + HOUR, changed_at=NOW)
    messages: dict[str, dict[str, Any]] = {
        "queued": {},
        "approved": {"status": "approved"},
        "sending": {"status": "sending"},
        "sent": {"status": "sent"},
        "cancelled": {"status": "cancelled"},
        "of the former sender": {"accepted_at": None},
        "to the other": {"user_id": rows["sharer"]},
    }
    for name, columns in messages.items():
        rows.write("message_queue", **rows.message("ada", agent_id=name, **columns))
    assert read_user(rows.connection, "ada", NOW) == PersonRecord(
        Person(
            rows["ada"],
            ADA,
            first_name="Ada",
            timezone="America/New_York",
            place="NY",
            **QUIET,
            quiet_hours_enabled=False,
            daily_limit=19,
            hourly_limit=9,
            response_pattern={"a": 1},
            sent_by_day={TODAY - DAY: 7, TODAY: 7, TODAY + DAY: 0},
            last_inbound_at=NOW - HOUR,
            opted_out=True,
            has_unread_text=True,
            number_is_dead=True,
            unreachable_until=NOW + HOUR,
        ),
        "ada",
        sent_this_hour=5,
        waiting=3,
    )
    unreadable = Person(rows["unreadable"], "none")
    sharer = read_user(rows.connection, "sharer", NOW).person
    assert (sharer.phone_number, sharer.last_inbound_at, sharer.opted_out) == (ADA, NOW, True)
    assert read_user(rows.connection, "unreadable", NOW) == PersonRecord(unreadable, "unreadable", 1, 0)
    rows.connection.execute("UPDATE orchestrator.numbers SET dead_code = NULL")
    assert not read_user(rows.connection, "ada", NOW).person.number_is_dead


def listed(rows: NamedRows, **filters: Any) -> list[str | None]:
    return rows.names([row["user_id"] for row in iterate_people(rows.connection, NOW, **filters)])


def test_a_page_of_people_has_all_of_them_by_id(rows: NamedRows) -> None:
    rows.person("forgotten", "forgotten-1")
    attempts(rows)
    for of, days, sent in (("ada", -1, 3), ("sharer", -1, 4), ("ben", -1, 50), ("ada", 0, None), ("ada", -2, 100)):
        budget(rows, of, TODAY + days * DAY, sent)
    for number, opted_out_at, source, ended_at in (
        (ADA, NOW - HOUR, "keyword", None),
        ("+12125550109", NOW - MINUTE, "operator", None),
        ("+12125550108", NOW, "phrase", NOW),
    ):
        stop = {"source": source, "opted_out_at": opted_out_at, "ended_at": ended_at, "user_id": rows["ada"]}
        rows.write("orchestrator.opt_outs", phone_number=number, **stop)
    everyone = ["ada", "sharer", "ben", "unreadable"]
    assert listed(rows) == listed(rows, page=1) == everyone
    assert listed(rows, after=rows["ada"]) == everyone[1:]
    given = {"now": NOW, "after": FIRST_ID, "opted_out": False, "opted_out_since": None, "texted": False, "limit": 2}
    rows.connection.execute("UPDATE users SET updated_at = now() WHERE external_id = 'ada'")  # stored behind the others
    assert [row[1] for row in rows.connection.execute(sql("list_people"), given)] == everyone[:2]
    found = {row["external_id"]: row for row in iterate_people(rows.connection, NOW)}
    of_phone = {"phone_number": ADA, "sent_by_day": {TODAY - DAY: 7, TODAY: 0}, "sent_this_hour": 5}
    nobody = {"first_name": None, "timezone": None, "daily_limit": None, "hourly_limit": None}
    assert found["ada"] == {
        "user_id": rows["ada"],
        "external_id": "ada",
        "first_name": "Ada",
        "timezone": "America/New_York",
        "daily_limit": 9,
        "hourly_limit": 8,
        "opted_out": True,
        "opted_out_at": NOW - MINUTE,
        "opted_out_by": "operator",
        **of_phone,
    }
    by_number = {"opted_out": True, "opted_out_at": NOW - HOUR, "opted_out_by": "keyword"}
    limits = {"daily_limit": 9, "hourly_limit": 8}
    ids = {name: {"user_id": rows[name], "external_id": name} for name in everyone}
    assert found["sharer"] == {**ids["sharer"], **nobody, **limits, **of_phone, **by_number}
    in_force = {"opted_out": False, "opted_out_at": None, "opted_out_by": None}
    alone = {"phone_number": "none", "sent_by_day": {}, "sent_this_hour": 1}
    assert found["unreadable"] == {**ids["unreadable"], **nobody, **in_force, **alone}
    assert listed(rows, opted_out=True) == ["ada", "sharer"]
    assert listed(rows, opted_out_since=NOW - MINUTE) == ["ada"]
    assert listed(rows, opted_out_since=NOW - MINUTE + SECOND) == []
    assert listed(rows, opted_out_since=NOW - HOUR) == ["ada", "sharer"]


def test_people_who_may_be_at_their_limit_got_texts_or_may_get_none(rows: NamedRows) -> None:
    people: dict[str, dict[str, Any]] = {
        "texted today": {"sent": 1},
        "texted yesterday": {"sent": 1, "day": TODAY - DAY},
        "texted before": {"sent": 1, "day": TODAY - 2 * DAY},
        "texted never": {"sent": 0},
        "of unknown texts": {"sent": None},
        "may get none a day": {"sent": 0, "daily": 0},
        "may get none an hour": {"sent": 0, "hourly": 0},
        "may get one": {"sent": 0, "daily": 1, "hourly": 1},
        "without limits": {"sent": 0, "daily": None, "hourly": None},
    }
    for place, (name, columns) in enumerate(people.items(), 10):
        rows.person(name, f"+121255501{place}")
        budget(rows, name, **{"day": TODAY, **columns})
    budget(rows, "sharer", TODAY, 1)
    rows.write("messages", **rows.text("ben", direction="outbound", status="sent", role="agent", created_at=NOW))
    texted = ["texted today", "texted yesterday", "may get none a day", "may get none an hour"]
    assert listed(rows, texted=True) == ["ada", "sharer", "ben", *texted]
    assert len(listed(rows)) == 13
