"""Which opt-outs are confirmed, which requests for help are answered, and what is stored of both."""

from decimal import Decimal
from typing import Any

from orchestrator.store.database import sql
from orchestrator.store.opt_outs import read_due_confirmation
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND, TODAY, USUAL
from tests.world import World

UNTIL = NOW + SECOND
DUE, DUE_IN_CONVERSATION, IN_VAIN = "is due", "is due in a conversation", "is listed"
# Opt-outs by name: what is not as usual, what is not as usual of the person, and what comes of it.
OPT_OUTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "due": ({}, {}, DUE),
    "due in a conversation": ({}, {"phone_number": "tel:(212) 555-0101"}, DUE_IN_CONVERSATION),
    "ended": ({"ended_at": NOW}, {}, ""),
    "late": ({"confirm_until": NOW}, {}, ""),
    "not to be confirmed": ({"confirm_until": None}, {}, ""),
    "claimed": ({"confirmation_id": id_of("claim")}, {}, ""),
    "of nobody": ({"user_id": None}, {}, ""),
    "of a person with another number": ({}, {"phone_number": number_of(100)}, IN_VAIN),
    "of a paused person": ({}, {}, IN_VAIN),
    "of a dead number": ({}, {}, IN_VAIN),
    "of a number that was unreachable": ({}, {}, DUE),
}


def put_opt_outs(world: World) -> dict[str, str]:
    """Insert them, each of a person and number of its own; returns the numbers."""
    numbers = {name: number_of(place) for place, name in enumerate(OPT_OUTS)}
    people = [{"id": id_of(name), "phone_number": numbers[name]} | own for name, (_, own, _) in OPT_OUTS.items()]
    put(world.connection, "users", people)
    usual = {"source": "keyword", "opted_out_at": NOW - MINUTE, "confirm_until": UNTIL, "ended_at": None}
    opt_outs = [
        {"id": id_of(f"opt-out {name}"), "user_id": id_of(name), "phone_number": numbers[name], **usual, **own}
        for name, (own, _, _) in OPT_OUTS.items()
    ]
    put(world.connection, "orchestrator.opt_outs", opt_outs)
    paused = {"scope": "user", "value": id_of("of a paused person"), "paused_at": NOW}
    put(world.connection, "orchestrator.pauses", [paused])
    dead = [
        (numbers["of a dead number"], 30005),
        (numbers["of a number that was unreachable"], None),
        (number_of(99), 1),
    ]
    put(
        world.connection,
        "orchestrator.numbers",
        [{"phone_number": number, "dead_code": code, "failures": 1, "changed_at": NOW} for number, code in dead],
    )
    talk = {"id": id_of("talk"), "user_id": id_of("due in a conversation"), "status": "active"}
    put(world.connection, "conversations", [talk], phone_number=numbers["due in a conversation"])
    spent = [(TODAY, "0.5"), (TODAY.replace(day=2), "9")]
    usual_spent = {"cost_usd": 0, "texts": 0, "segments": 0}
    put(
        world.connection,
        "orchestrator.spending",
        [{"day": day, "twilio_usd": usd} for day, usd in spent],
        **usual_spent,
    )
    return numbers


def claim(world: World, name: str, ceiling: str = "10") -> bool:
    """Whether the confirmation of an opt-out is claimed."""
    given = {
        "opt_out_id": id_of(f"opt-out {name}"),
        "message_id": id_of(f"confirms {name}"),
        "attempt_id": id_of(f"attempt for {name}"),
        "new_conversation_id": id_of(f"new talk for {name}"),
        "words": "You are opted out",
        "segments": 2,
        "encoding": "GSM-7",
        "price_usd": Decimal("0.02"),
        "fingerprint": "f",
        "urgent_ceiling_usd": Decimal(ceiling),
        "now": NOW,
        "lease_until": NOW + MINUTE,
        "fresh_for": 3 * MINUTE,
        "read_after_gap": 4 * MINUTE,
    }
    rows = world.connection.execute(sql("claim_confirmation"), given).fetchall()
    assert rows in ([], [(id_of(f"attempt for {name}"),)])
    return bool(rows)


def test_which_confirmations_are_due(world: World) -> None:
    numbers = put_opt_outs(world)
    asked = [number for name, number in numbers.items() if name != "of a number that was unreachable"]
    rows = world.connection.execute(sql("list_due_confirmations"), {"phone_number": asked, "now": NOW}).fetchall()
    listed = {name for name, (_, _, fate) in OPT_OUTS.items() if fate} - {"of a number that was unreachable"}
    assert sorted(map(name_of, rows)) == sorted((f"opt-out {name}", name) for name in listed)
    for name, (_, _, fate) in OPT_OUTS.items():
        read = read_due_confirmation(world.connection, id_of(f"opt-out {name}"), NOW)
        is_due = bool(fate) and name != "of a person with another number"
        assert (read and (read.phone_number, read.confirm_until)) == ((numbers[name], UNTIL) if is_due else None), name


def test_a_day_on_which_nothing_was_spent_is_below_each_ceiling(world: World) -> None:
    put_opt_outs(world)
    world.connection.execute("DELETE FROM orchestrator.spending")
    assert claim(world, "due", ceiling="0.01")


def test_which_confirmations_are_claimed(world: World) -> None:
    numbers = put_opt_outs(world)
    assert not claim(world, "due", ceiling="0.5")
    claimed = [name for name in OPT_OUTS if claim(world, name, ceiling="0.52" if name == "due" else "10")]
    assert claimed == [name for name, (_, _, fate) in OPT_OUTS.items() if fate in (DUE, DUE_IN_CONVERSATION)]
    claims = world.all("SELECT id, confirmation_id FROM orchestrator.opt_outs WHERE confirmation_id IS NOT NULL")
    assert {name_of(row) for row in claims} == {
        ("opt-out claimed", "claim"),
        *((f"opt-out {name}", f"confirms {name}") for name in claimed),
    }
    found = rows_by_name(
        world.connection,
        "SELECT a.id, a.message_id, a.user_id, a.conversation_id, a.phone_number, a.fingerprint, a.local_date,"
        " a.holds_slot, a.started_at, a.segments, a.price_usd, m.agent_id, m.message_data, m.final_message,"
        " m.words_source, m.segments AS of_message, m.encoding, m.priority, m.can_delay, m.status, m.scheduled_for,"
        " m.expires_at, m.created_at, m.accepted_at, m.published_at, m.lease_until, m.tries, c.status AS talk,"
        " c.phone_number AS of_talk, c.updated_at IS NOT DISTINCT FROM %s AS is_new"
        " FROM orchestrator.attempts a JOIN message_queue m ON m.id = a.message_id AND m.user_id = a.user_id"
        " JOIN conversations c ON c.id = a.conversation_id AND c.user_id = a.user_id",
        NOW,
    )
    expected = {
        f"attempt for {name}": {
            "message_id": f"confirms {name}",
            "user_id": name,
            "conversation_id": f"new talk for {name}" if name != "due in a conversation" else "talk",
            "phone_number": numbers[name],
            "fingerprint": "f",
            "local_date": TODAY,
            "holds_slot": False,
            "segments": 2,
            "price_usd": Decimal("0.02"),
            "agent_id": "system",
            "message_data": {"type": "opt_out_confirmation"},
            "final_message": "You are opted out",
            "words_source": "verbatim",
            "of_message": 2,
            "encoding": "GSM-7",
            "priority": "urgent",
            "can_delay": False,
            "status": "sending",
            **dict.fromkeys(("started_at", "scheduled_for", "created_at", "accepted_at", "published_at"), NOW),
            "expires_at": UNTIL,
            "lease_until": NOW + MINUTE,
            "tries": 10,
            "talk": "active",
            "of_talk": numbers[name],
            "is_new": name != "due in a conversation",
        }
        for name in claimed
    }
    assert differing(found, expected) == {}
    spent = "SELECT day, sum(texts), sum(segments), sum(twilio_usd) FROM orchestrator.spending_shards GROUP BY day"
    assert world.all(spent) == [(TODAY, len(claimed), 2 * len(claimed), Decimal("0.02") * len(claimed))]


def test_nothing_is_confirmed_while_texts_are_not_read(world: World) -> None:
    put_opt_outs(world)
    world.connection.execute(
        "INSERT INTO orchestrator.inbound_marker (read_at, gap_ended_at) VALUES (now() - interval '1 hour', now())"
    )
    assert not claim(world, "due")


# HELP --------------------------------------------------------------------------------------------------------------------

# Texts by name: who wrote it, when, what it is taken for, and whether it is answered.
HELP: dict[str, tuple[str, Any, str, bool]] = {
    "second of ada": ("ada", NOW, "help", False),
    "first of ada": ("ada", NOW - SECOND, "help", True),
    "of ben, who is opted out": ("ben", NOW, "help", False),
    "of cem, who had an answer": ("cem", NOW, "help", False),
    "of dan, who had an answer long ago": ("dan", NOW, "help", True),
    "of eve, no request": ("eve", NOW, "conversation", False),
    "of fay, whose answer is known": ("fay", NOW, "help", False),
}


def test_which_requests_for_help_are_answered(world: World) -> None:
    people = ("ada", "ben", "cem", "dan", "eve", "fay")
    numbers = {name: number_of(place) for place, name in enumerate(people)}
    put(world.connection, "users", [{"id": id_of(name), "phone_number": number} for name, number in numbers.items()])
    usual: dict[str, Any] = {"judged_by": "keyword", "opens_window": True}
    readings = [
        {
            "inbound_id": id_of(name),
            "user_id": id_of(who),
            "phone_number": numbers[who],
            "kind": kind,
            "received_at": at,
        }
        for name, (who, at, kind, _) in HELP.items()
    ]
    put(world.connection, "orchestrator.readings", readings, **usual)
    opt_out = {"phone_number": number_of(99), "user_id": id_of("ben"), "source": "x", "opted_out_at": NOW}
    put(world.connection, "orchestrator.opt_outs", [opt_out, {**opt_out, "user_id": id_of("ada"), "ended_at": NOW}])
    answer = {"agent_id": "system", "message_data": {"type": "help_answer"}, "accepted_at": NOW - 10 * MINUTE + SECOND}
    before: list[dict[str, Any]] = [
        {"user_id": id_of("cem")},
        {"user_id": id_of("dan"), "accepted_at": NOW - 10 * MINUTE},
        {"user_id": id_of("ada"), "agent_id": "coach"},
        {"user_id": id_of("ada"), "message_data": {"type": "note"}},
        {"user_id": id_of("fay"), "accepted_at": NOW - DAY, "id": id_of("to of fay, whose answer is known")},
    ]
    rows = [{"id": id_of(f"before {place}"), **answer, **own} for place, own in enumerate(before)]
    put(world.connection, "message_queue", [USUAL["message_queue"] | row for row in rows])
    given = {
        "message_id": [id_of(f"to {name}") for name in HELP],
        "inbound_id": [id_of(name) for name in HELP],
        "words": [f"Help for {name}" for name in HELP],
        "expires_at": NOW + HOUR,
        "lease_until": NOW + MINUTE,
        "now": NOW,
    }
    returned = world.connection.execute(sql("insert_help_answers"), given).fetchall()
    answered = {name: who for name, (who, _, _, is_answered) in HELP.items() if is_answered}
    assert {name_of(row) for row in returned} == {(f"to {name}", who) for name, who in answered.items()}
    found = rows_by_name(
        world.connection,
        "SELECT id, user_id, agent_id, message_data, priority, can_delay, requires_fresh_context, expires_at,"
        " scheduled_for, status, lease_until, accepted_at, created_at, published_at, allow_repeat FROM message_queue"
        " WHERE created_at = %s",
        NOW,
    )
    times = dict.fromkeys(("scheduled_for", "accepted_at", "created_at", "published_at"), NOW)
    expected = {
        f"to {name}": {
            "user_id": who,
            "agent_id": "system",
            "message_data": {"type": "help_answer", "message": f"Help for {name}"},
            "priority": "urgent",
            "can_delay": False,
            "requires_fresh_context": False,
            "expires_at": NOW + HOUR,
            "status": "approved",
            "lease_until": NOW + MINUTE,
            "allow_repeat": True,
            **times,
        }
        for name, who in answered.items()
    }
    assert differing(found, expected) == {}
