"""What a person is known by, and what a change of their number changes."""

from typing import Any

import pytest
from psycopg.rows import dict_row

from orchestrator.store.database import sql
from tests.rows_by_name import id_of, name_of, number_of, put
from tests.state_cases import DAY, NOW
from tests.world import World

NOW_NUMBER, FORMER, TAKEN, UNUSED = (number_of(place) for place in range(4))
# Columns of a person, and what is read of them beside the person's id.
IDENTITIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "everything": (
        {
            "external_id": "e",
            "email": " a@example.com ",
            "first_name": " Ada ",
            "last_name": "Lo",
            "phone_number": "(212) 555-0100",
            "phone_number_history": [FORMER, {"phone_number": "(212) 555-0102"}, FORMER, "", NOW_NUMBER],
        },
        {
            "external_id": "e",
            "email": "a@example.com",
            "full_name": "Ada Lo",
            "phone_number": NOW_NUMBER,
            "former_numbers": {"", "(212) 555-0100", "(212) 555-0102", TAKEN, FORMER},
            "opted_out_numbers": {NOW_NUMBER, FORMER, number_of(50)},
        },
    ),
    "nothing": ({"email": " ", "phone_number": number_of(60), "phone_number_history": None}, {}),
    "a short first name": ({"first_name": "A", "last_name": "Lo", "phone_number": number_of(61)}, {}),
    "a short last name": ({"first_name": "Ada", "last_name": "L", "phone_number": number_of(62)}, {}),
    "a name as number": (
        {"phone_number": "a name", "phone_number_history": {"no": "array"}},
        {"phone_number": "a name"},
    ),
    "forgotten": (
        {"phone_number": "forgotten-1", "phone_number_history": [number_of(63)]},
        {"phone_number": "forgotten-1", "former_numbers": {number_of(63)}},
    ),
    "has the taken number": ({"phone_number": TAKEN}, {"opted_out_numbers": {TAKEN}}),
}


def test_what_a_person_is_known_by(world: World) -> None:
    put(world.connection, "users", [{"id": id_of(name), **own} for name, (own, _) in IDENTITIES.items()])
    usual = {"source": "x", "opted_out_at": NOW, "user_id": id_of("someone"), "ended_at": None}
    opt_outs: list[dict[str, Any]] = [
        {"phone_number": NOW_NUMBER},
        {"phone_number": FORMER},
        {"phone_number": TAKEN},
        {"phone_number": number_of(50), "user_id": id_of("everything")},
        {"phone_number": number_of(51), "user_id": id_of("everything"), "ended_at": NOW},
        {"phone_number": number_of(60), "ended_at": NOW},
    ]
    put(
        world.connection, "orchestrator.opt_outs", [{"id": id_of(str(n)), **usual, **o} for n, o in enumerate(opt_outs)]
    )
    nothing: dict[str, Any] = {
        "external_id": None,
        "email": None,
        "full_name": None,
        "former_numbers": set(),
        "opted_out_numbers": set(),
    }
    for name, (own, known) in IDENTITIES.items():
        with world.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(sql("read_identity"), {"user_id": id_of(name)}).fetchall()
        read = [{key: set(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows]
        assert [len(row["former_numbers"]) for row in rows] == [len(row["former_numbers"]) for row in read], name
        expected = {"user_id": str(id_of(name)), "phone_number": own["phone_number"], **nothing, **known}
        assert read == [expected], name


CHANGES = {
    "to another number": (NOW_NUMBER, FORMER, None, [NOW_NUMBER]),
    "to another spelling": (NOW_NUMBER, "(212) 555-0100", [], []),
    "from a spelling that is in the history": ("(212) 555-0100", FORMER, ["(212) 555-0100"], ["(212) 555-0100"]),
    "after another change": (NOW_NUMBER, FORMER, [UNUSED], [UNUSED, NOW_NUMBER]),
    "to none": (NOW_NUMBER, "forgotten-2", [], []),
    "from none": ("forgotten-2", NOW_NUMBER, [], []),
    "from a name to a name": ("a name", "another name", [], []),
}


@pytest.mark.parametrize(("before", "after", "history", "kept"), CHANGES.values(), ids=CHANGES)
def test_former_numbers_are_kept(
    world: World, before: str, after: str, history: list[str] | None, kept: list[str]
) -> None:
    put(world.connection, "users", [{"id": id_of("ada"), "phone_number": before, "phone_number_history": history}])
    world.connection.execute("UPDATE users SET phone_number = %s", (after,))
    assert world.all("SELECT phone_number_history FROM users") == [(kept,)]


def test_a_change_of_number_closes_the_conversations_on_it(world: World) -> None:
    talks: dict[str, dict[str, Any]] = {
        "closed: active": {},
        "closed: paused": {"status": "paused"},
        "closed: another spelling": {"phone_number": "(212) 555-0100"},
        "closed before": {"status": "closed"},
        "archived": {"status": "archived"},
        "on another number": {"phone_number": FORMER},
        "of another": {"user_id": id_of("ben")},
        "closed: a name": {"user_id": id_of("cem"), "phone_number": "a name"},
        "another name": {"user_id": id_of("cem"), "phone_number": "another name"},
        "of one who changed the spelling": {"user_id": id_of("dan"), "phone_number": number_of(12)},
    }
    people = {"ada": NOW_NUMBER, "ben": UNUSED, "cem": "a name", "dan": number_of(12)}
    put(world.connection, "users", [{"id": id_of(name), "phone_number": number} for name, number in people.items()])
    usual = {"user_id": id_of("ada"), "phone_number": NOW_NUMBER, "status": "active", "updated_at": NOW - DAY}
    put(world.connection, "conversations", [{"id": id_of(name), **usual, **own} for name, own in talks.items()])
    changes = {"ada": number_of(11), "cem": number_of(13), "dan": "(212) 555-0112"}
    for name, number in changes.items():
        world.connection.execute("UPDATE users SET phone_number = %s WHERE id = %s", (number, id_of(name)))
    closed = world.all("SELECT id FROM conversations WHERE status = 'closed' AND updated_at <> %s", NOW - DAY)
    assert {name_of(row[0]) for row in closed} == {name for name in talks if name.startswith("closed:")}
    others = {name: own.get("status", "active") for name, own in talks.items() if not name.startswith("closed:")}
    rows = world.all("SELECT id, status FROM conversations WHERE updated_at = %s", NOW - DAY)
    assert {name_of(talk): status for talk, status in rows} == others
