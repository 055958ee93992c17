"""A person's rights: export, deletion here and at Twilio, and words that are old enough to go."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
import time_machine
from typer.testing import CliRunner, Result

from orchestrator.errors import LegalHold
from orchestrator.store.people import read_user
from orchestrator_cli.main import app
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.world import World

PHONE = "+12125550101"
SECRET = "the blue heron flies at noon"


@pytest.fixture
def lived(world: World) -> World:
    """Ada has a history: texts both ways, findings, an opt-out that ended, and something that waits."""
    world.person(email=None)
    world.all("UPDATE users SET email = 'ada@example.com', last_name = %s RETURNING 1", SECRET)
    world.message(message_data={"type": "x", "message": SECRET}, topic=SECRET)
    world.minute()
    world.writes(f"I think {SECRET}")
    world.message(message_data={"type": "x", "findings": [SECRET]}, requires_fresh_context=True)
    world.minute()
    world.message(message_data={"type": "x", "message": SECRET}, scheduled_for="2026-03-05T15:00:00Z")
    world.all(
        "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, context_json)"
        " SELECT 'reformulate_message', 'x', id, now(), jsonb_build_object('said', %s::text) FROM users RETURNING 1",
        SECRET,
    )
    world.all(
        "INSERT INTO agent_actions_log (agent_type, action_type, user_id, input_data, cost_usd)"
        " SELECT 'concierge', 'chat', id, jsonb_build_object('said', %s::text), 0.5 FROM users RETURNING 1",
        SECRET,
    )
    world.phones.callbacks.clear()
    return world


def run(*arguments: str) -> Result:
    with time_machine.travel(datetime.now(UTC), tick=True):  # SQS polls on a clock that moves
        return CliRunner().invoke(app, ["privacy", *arguments])


def everything(world: World) -> str:
    """Every row of every table, as text."""
    tables = world.all("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'orchestrator')")
    rows: list[Any] = []
    for schema, table in tables:
        rows += world.all(f"SELECT to_jsonb(t)::text FROM {schema}.{table} t")
    return "\n".join(text for (text,) in rows)


@pytest.fixture
def dead_letter_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One queue with a redrive policy, which the command follows."""
    for variable in ("DELIVERY_QUEUE_URL", "URGENT_QUEUE_URL", "INBOUND_QUEUE_URL"):
        monkeypatch.delenv(variable)
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_attributes(QueueUrl=world.urls["ENQUEUE_DLQ_URL"], AttributeNames=["QueueArn"])
    policy = json.dumps({"deadLetterTargetArn": dead["Attributes"]["QueueArn"], "maxReceiveCount": 5})
    sqs.set_queue_attributes(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], Attributes={"RedrivePolicy": policy})
    yield world.urls["ENQUEUE_DLQ_URL"]
    world.drain_messages("ENQUEUE_DLQ_URL")
    sqs.set_queue_attributes(QueueUrl=world.urls["ENQUEUE_QUEUE_URL"], Attributes={"RedrivePolicy": ""})


def test_the_export_holds_everything(lived: World) -> None:
    result = run("export", "ada")
    assert result.exit_code == 0
    kept = json.loads(result.output)
    assert kept["user"]["email"] == "ada@example.com"
    assert {len(kept[name]) for name in ("messages", "message_queue")} == {3}
    assert all(SECRET in json.dumps(kept[name]) for name in ("user", "messages", "message_queue", "agent_tasks"))


@pytest.mark.usefixtures("dead_letter_queue")
def test_deletion_leaves_neither_content_nor_number_here_or_at_twilio(lived: World) -> None:
    before = everything(lived)
    assert SECRET in before
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 0, result.output
    after = everything(lived)
    assert [word for word in (SECRET, PHONE, "ada@example.com", '"ada"', '"Ada"') if word in after] == []
    assert (lived.texts(), lived.phones.replies) == ([], [])
    assert lived.all("SELECT count(*), sum(cost_usd) > 0 FROM agent_actions_log WHERE cost_usd = 0.5") == [(1, True)]
    assert lived.all("SELECT sum(messages_sent) >= 1 FROM user_message_budget") == [(True,)]
    assert lived.all("SELECT DISTINCT status FROM message_queue ORDER BY 1") == [("cancelled",), ("sent",)]
    lived.travel_to("2026-03-05T15:01:00Z")
    lived.minute()
    assert lived.texts() == []


def test_dead_letters_that_name_the_person_are_destroyed_and_others_stay(lived: World, dead_letter_queue: str) -> None:
    sqs = boto3.client("sqs")
    for body in ('{"user_id": "ada", "x": 1}', f'{{"form": {{"From": "{PHONE}"}}}}', '{"user_id": "adam"}'):
        sqs.send_message(QueueUrl=dead_letter_queue, MessageBody=body)
    result = run("delete", "ada", "--yes")
    assert "dead letters deleted: 2" in result.output
    assert lived.drain("ENQUEUE_DLQ_URL") == ['{"user_id": "adam"}']


@pytest.mark.usefixtures("dead_letter_queue")
def test_what_twilio_does_not_delete_is_deleted_when_it_is_run_again(lived: World) -> None:
    (user_id,) = lived.all("SELECT id::text FROM users")[0]
    lived.phones.misbehave = lambda fields: HttpAnswer(503, {}) if "path" in fields else None
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 1
    assert f"Run it again with the id {user_id}" in result.output
    lived.phones.misbehave = None
    again = run("delete", user_id)
    assert again.exit_code == 0, again.output
    assert "left there: 0" in again.output
    assert (lived.texts(), lived.phones.replies) == ([], [])


@pytest.mark.usefixtures("dead_letter_queue")
def test_an_opted_out_number_stays_opted_out_after_it_is_forgotten(lived: World) -> None:
    lived.writes("STOP")
    assert run("delete", "ada", "--yes").exit_code == 0
    assert PHONE not in everything(lived)
    lived.person("ben", phone=PHONE)
    message_id = lived.message("ben")
    lived.minute()
    assert (lived.texts(), lived.state(message_id)) == ([], ("cancelled", "opted_out"))
    lived.wait(minutes=1)
    lived.writes("START")
    lived.message("ben", message_data={"type": "x", "message": "Welcome"})
    lived.minute()
    assert lived.texts() == ["Welcome"]


@pytest.mark.usefixtures("dead_letter_queue")
def test_without_a_key_an_opted_out_person_is_not_deleted(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lived.writes("STOP")
    monkeypatch.delenv("PRIVACY_KEY")
    result = run("delete", "ada", "--yes")
    assert result.exit_code == 1
    assert "PRIVACY_KEY" in str(result.exception)
    assert SECRET in everything(lived)


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_worker_without_the_key_sends_nothing_once_a_hash_has_to_be_compared(lived: World) -> None:
    lived.writes("STOP")
    run("delete", "ada", "--yes")
    lived.person("ben", phone="+12125550102")
    lived.message("ben")
    worker = lived.functions["deliver"]
    settings = worker.settings
    worker.__dict__["settings"] = settings.model_copy(update={"privacy_key": None})
    try:
        lived.minute()
        assert lived.texts("+12125550102") == []
    finally:
        worker.__dict__["settings"] = settings


def test_nobody_can_be_deleted(world: World) -> None:
    for name in ("nobody", "019cb436-8d80-7c88-af29-573dbcc32d40"):
        result = run("delete", name, "--yes")
        assert (result.exit_code, type(result.exception).__name__) == (1, "UnknownUser")


def test_it_asks_before_it_deletes(lived: World) -> None:
    result = CliRunner().invoke(app, ["privacy", "delete", "ada"], input="n\n")
    assert result.exit_code == 1
    assert SECRET in everything(lived)


# Two people with a past, each with rows in every table: what is done about one leaves the other as they were. ---------------

OTHER = "+12125550131"


@pytest.fixture
def two(world: World) -> World:
    """Ada and Cem, with the same things in their past, and what each wrote in its own words."""
    for name, phone in (("ada", PHONE), ("cem", OTHER)):
        user_id = world.person_with_a_past(name, phone=phone)
        words = f"the words of {name}"
        world.writes(
            f"I think: {words}", phone=phone, NumMedia="1", MediaUrl0=f"https://x/{name}", MediaContentType0="image/png"
        )
        world.writes(f"{words}, from my old phone", phone=f"{phone[:-1]}8")
        asked = world.message(name, message_data={"type": "x", "findings": [words]}, requires_fresh_context=True)
        world.publish({"action": "withdraw", "user_id": name, "topic": words})
        world.publish({"action": "withdraw", "message_id": str(asked)})
        world.connection.execute(
            "UPDATE users SET phone_number_history = coalesce(phone_number_history, '[]') || jsonb_build_array(%s::text) WHERE id = %s",
            (f"{phone[:-1]}8", user_id),
        )
        world.connection.execute(
            "INSERT INTO orchestrator.relevance (message_id, inbound_id, verdict, why, judged_at)"
            " SELECT %s, inbound_id, 'relevant', %s, %s FROM orchestrator.readings WHERE user_id = %s LIMIT 1",
            (asked, words, world.now, user_id),
        )
        world.connection.execute(
            "INSERT INTO orchestrator.numbers (phone_number, failures, changed_at) VALUES (%s, 1, %s)",
            (phone, world.now),
        )
        world.connection.execute(
            "INSERT INTO orchestrator.events (type, user_id, detail, at) VALUES ('x', %s, '{}', %s)",
            (user_id, world.now),
        )
        world.connection.execute(
            "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, context_json, result_json, error_log, status)"
            " SELECT 'x', 'x', %s, now(), jsonb_build_object('said', %s::text), '{}', %s, status"
            " FROM unnest('{pending,completed}'::text[]) status",
            (user_id, words, words),
        )
        world.connection.execute(
            "INSERT INTO agent_actions_log (agent_type, action_type, user_id, input_data, output_data, error, cost_usd)"
            " SELECT agent, 'chat', %s, jsonb_build_object('said', %s::text), jsonb_build_object('text', %s::text, 'outcome', 'sent'),"
            " 'an error', 0.5 FROM unnest('{concierge,message_orchestrator}'::text[]) agent",
            (user_id, words, words),
        )
        world.connection.execute(
            "UPDATE conversations SET conversation_summary = %s WHERE user_id = %s AND status = 'active'",
            (words, user_id),
        )
    world.phones.reset()
    return world


def rows_of(world: World, *, besides: str) -> list[str]:
    """Every row of every table but those of one person, as text."""
    mine = world.all(
        "SELECT id::text FROM users WHERE external_id = %(name)s"
        " UNION SELECT m.id::text FROM message_queue m JOIN users u ON u.id = m.user_id WHERE u.external_id = %(name)s"
        " UNION SELECT r.inbound_id::text FROM orchestrator.readings r JOIN users u ON u.id = r.user_id WHERE u.external_id = %(name)s".replace(
            "%(name)s", f"'{besides}'"
        )
    )
    names = [text for (text,) in mine]
    return sorted(line for line in everything(world).splitlines() if not any(name in line for name in names))


@pytest.mark.usefixtures("dead_letter_queue")
def test_deletion_leaves_every_row_of_everybody_else_as_it_was(two: World) -> None:
    numbers = [PHONE, f"{PHONE[:-1]}8", f"{PHONE[:-1]}9"]
    before = [row for row in rows_of(two, besides="ada") if not any(number in row for number in numbers)]
    ((old_number_owner,),) = two.all("SELECT to_jsonb(u)::text FROM users u WHERE external_id = 'ada-before'")
    assert run("delete", "ada", "--yes", "--keep-at-twilio").exit_code == 0
    after = everything(two).splitlines()
    assert [row for row in before if row not in after] == []
    assert old_number_owner in after, "her old number belongs to somebody else now"
    assert [row for row in after if "the words of ada" in row or f'"{PHONE}"' in row] == []
    ((owner_is_opted_out,),) = two.all(
        "SELECT count(*) = 1 FROM orchestrator.opt_outs o JOIN users u ON u.id = o.user_id"
        " WHERE u.external_id = 'ada-before' AND o.ended_at IS NULL"
    )
    assert owner_is_opted_out


@pytest.mark.usefixtures("dead_letter_queue")
def test_deletion_empties_each_table_in_its_own_way(two: World) -> None:
    ((ada,),) = two.all("SELECT id FROM users WHERE external_id = 'ada'")
    sending = two.all("SELECT id, lease_until FROM message_queue WHERE user_id = %s AND status = 'sending'", ada)
    assert run("delete", "ada", "--yes", "--keep-at-twilio").exit_code == 0

    def of_ada(query: str) -> list[tuple[Any, ...]]:
        return two.all(query, ada)

    assert of_ada("SELECT DISTINCT content FROM messages WHERE user_id = %s") == [("",)]
    assert of_ada(
        "SELECT status, reason, count(*) FROM message_queue WHERE user_id = %s GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        ("cancelled", "forgotten", 2),
        ("cancelled", "withdrawn", 1),
        ("sending", "unknown_outcome", 1),
        ("sent", None, 3),
    ]
    assert of_ada("SELECT id, lease_until FROM message_queue WHERE user_id = %s AND status = 'sending'") == sending
    assert of_ada(
        "SELECT DISTINCT message_data, final_message, words_source, topic FROM message_queue WHERE user_id = %s"
    ) == [({"type": "forgotten"}, None, "forgotten", None)]
    assert of_ada(
        "SELECT t.status, t.reason, count(*) FROM orchestrator.timeline t JOIN message_queue m ON m.id = t.message_id"
        " WHERE m.user_id = %s AND t.reason = 'forgotten' GROUP BY 1, 2"
    ) == [("cancelled", "forgotten", 2)]
    assert of_ada(
        "SELECT status, context_json, result_json, error_log FROM agent_tasks WHERE user_id = %s ORDER BY 1"
    ) == [
        ("cancelled", {}, None, None),
        ("completed", {}, None, None),
    ]
    assert two.all(
        "SELECT agent_type, input_data, output_data, error, cost_usd FROM agent_actions_log WHERE user_id IS NULL"
        " AND action_type = 'chat' ORDER BY 1"
    ) == [
        ("concierge", None, None, None, Decimal("0.5")),
        ("message_orchestrator", None, {"outcome": "sent"}, "an error", Decimal("0.5")),
    ]
    assert of_ada(
        "SELECT DISTINCT phone_number, conversation_summary, status FROM conversations WHERE user_id = %s"
    ) == [("forgotten", None, "closed")]
    assert of_ada("SELECT DISTINCT phone_number, fingerprint, error FROM orchestrator.attempts WHERE user_id = %s") == [
        ("", "", None)
    ]
    for table in ("readings", "topic_withdrawals", "events", "opt_outs"):
        assert of_ada(f"SELECT count(*) FROM orchestrator.{table} WHERE user_id = %s") == [(0,)], table
    assert two.all("SELECT url FROM orchestrator.media ORDER BY 1") == [("https://x/cem",)]
    assert two.all("SELECT phone_number FROM orchestrator.numbers") == [(OTHER,)]
    assert two.all("SELECT phone_number FROM orchestrator.strangers") == [(f"{OTHER[:-1]}8",)]
    assert of_ada("SELECT count(*) FROM user_message_budget WHERE user_id = %s") != [(0,)]


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_number_that_is_opted_out_without_its_person_stays_opted_out_after_deletion(two: World) -> None:
    """Her opt-out was kept of her number alone, before we knew whose it was."""
    two.opts_out(PHONE)
    assert run("delete", "ada", "--yes", "--keep-at-twilio").exit_code == 0
    assert two.all("SELECT 1 FROM orchestrator.opt_outs WHERE phone_number = %s", PHONE) == []
    two.person("ben", phone=PHONE)
    message_id = two.message("ben")
    two.minute()
    assert (two.texts(), two.state(message_id)) == ([], ("cancelled", "opted_out"))


@pytest.mark.usefixtures("dead_letter_queue")
def test_those_who_share_the_phone_of_a_deleted_person_keep_its_stop(two: World) -> None:
    ben = two.person("ben", phone="+12125550177")
    two.connection.execute("UPDATE users SET phone_number = '(212) 555-0101' WHERE id = %s", (ben,))
    assert PHONE == "+12125550101"
    two.writes("STOP", phone=PHONE)
    assert run("delete", "ada", "--yes", "--keep-at-twilio").exit_code == 0
    assert read_user(two.connection, "ben", two.now).person.opted_out
    assert two.all("SELECT user_id FROM orchestrator.opt_outs WHERE phone_number = %s AND ended_at IS NULL", PHONE) == [
        (ben,)
    ]


def test_the_export_holds_all_of_a_person_and_nothing_of_another(two: World) -> None:
    ((ada, phone),) = two.all("SELECT id, phone_number FROM users WHERE external_id = 'ada'")
    two.opts_out(phone)
    two.opts_out("+12125550177", ada)
    exported = json.loads(run("export", "ada").output)
    assert "cem" not in json.dumps(exported)
    by_user = ("conversations", "messages", "message_queue", "agent_tasks", "agent_actions_log")
    ours = ("readings", "attempts", "events")
    for name, table in [
        *((name, name) for name in by_user),
        *((name, f"orchestrator.{name}") for name in ours),
        ("budget", "user_message_budget"),
    ]:
        assert [(len(exported[name]),)] == two.all(f"SELECT count(*) FROM {table} WHERE user_id = %s", ada), name
    for name in ("timeline", "relevance"):
        joined = f"orchestrator.{name} x JOIN message_queue m ON m.id = x.message_id WHERE m.user_id = %s"
        assert [(len(exported[name]),)] == two.all(f"SELECT count(*) FROM {joined}", ada), name
    assert [medium["url"] for medium in exported["media"]] == ["https://x/ada"]
    assert sorted(opt_out["phone_number"] for opt_out in exported["opt_outs"]) == sorted(
        [phone, "+12125550177", f"{phone[:-1]}9"]
    )
    assert exported["number"]["phone_number"] == phone
    orders = {
        "conversations": "created_at",
        "messages": "created_at",
        "readings": "received_at",
        "attempts": "started_at",
    }
    for name, key in {
        **orders,
        "message_queue": "created_at",
        "budget": "date",
        "timeline": "id",
        "events": "at",
    }.items():
        assert [row[key] for row in exported[name]] == sorted(row[key] for row in exported[name]), name


# Retention -------------------------------------------------------------------------------------------------------------


def test_words_older_than_the_retention_go_in_the_night_and_counters_stay(lived: World) -> None:
    lived.writes("Hi", phone="+14155550199")
    assert lived.night() == {"forgotten": 0, "finished": True}
    lived.wait(days=366)
    lived.writes("fresh words of today")
    lived.message(message_data={"type": "x", "message": "a new one"})
    ((texts, messages),) = lived.all(
        "SELECT (SELECT count(*) FROM messages WHERE created_at < %s),"
        " (SELECT count(*) FROM message_queue WHERE status = 'sent')",
        lived.now - timedelta(days=365),
    )
    assert (texts > 0, messages > 0, lived.night()) == (True, True, {"forgotten": texts + messages, "finished": True})
    after = everything(lived)
    assert "fresh words of today" in after
    assert "a new one" in after
    assert lived.all("SELECT content FROM messages WHERE created_at < now() AND content LIKE '%%heron%%'") == []
    assert lived.all("SELECT count(*) FROM message_queue WHERE status = 'sent' AND final_message IS NOT NULL") == [(0,)]
    assert lived.all("SELECT 1 FROM orchestrator.strangers") == []
    assert lived.all("SELECT count(*) FROM orchestrator.attempts WHERE outcome = 'accepted'") != [(0,)]


def test_words_of_texts_and_of_stop_are_evidence_beyond_the_retention_and_no_other_words(lived: World) -> None:
    lived.writes("STOP")
    lived.wait(days=366)
    lived.night()
    kept = "SELECT content FROM orchestrator.kept_words ORDER BY written_at, content"
    words = [content for (content,) in lived.all(kept)]
    assert any(SECRET in content for content in words)
    assert "STOP" in words
    assert f"I think {SECRET}" not in words
    assert lived.all("SELECT count(*) FROM messages WHERE content <> ''") == [(0,)]
    lived.wait(days=1_826 - 366)
    lived.night()
    assert lived.all(kept) != []
    lived.wait(days=3)
    lived.night()
    assert lived.all(kept) == []


@pytest.mark.usefixtures("dead_letter_queue")
def test_nothing_deletes_what_is_stored_of_a_person_under_a_legal_hold(lived: World) -> None:
    assert run("hold", "ada", "--note", "claim 4711", "--yes").exit_code == 0
    lived.wait(days=2_000)
    assert lived.night()["forgotten"] == 0
    before = everything(lived)
    assert SECRET in before
    refused = run("delete", "ada", "--yes")
    assert (refused.exit_code, type(refused.exception)) == (1, LegalHold)
    assert "claim 4711. Nothing was deleted." in str(refused.exception)
    assert everything(lived) == before
    assert run("release", "ada", "--yes").exit_code == 0
    assert "was not under a legal hold" in run("release", "ada", "--yes").output
    assert lived.night()["forgotten"] > 0
    assert run("delete", "ada", "--yes").exit_code == 0
    assert SECRET not in everything(lived)


@pytest.mark.parametrize("note", ["", "  ", "x" * 501])
def test_a_legal_hold_has_a_note(world: World, note: str) -> None:
    world.person()
    assert run("hold", "ada", "--note", note).exit_code == 2


def test_what_still_waits_keeps_its_words_however_old(world: World) -> None:
    world.person()
    waiting = world.message(scheduled_for="2027-03-01T15:00:00Z")
    world.wait(days=362)
    app_settings = world.functions["retain"].settings
    world.functions["retain"].__dict__["settings"] = app_settings.model_copy(update={"retention_days": 1})
    try:
        world.night()
    finally:
        world.functions["retain"].__dict__["settings"] = app_settings
    assert world.row(waiting)["message_data"]["message"] == "Hello"


def test_rejections_withdrawals_and_rates_are_deleted_after_their_time(world: World) -> None:
    world.person()

    def leave_records() -> None:
        sent = world.message()
        world.publish("no JSON", {"action": "withdraw", "message_id": str(sent)})
        world.publish({"action": "withdraw", "user_id": "ada", "topic": f"{world.now}"})

    def counts() -> list[int]:
        tables = ("rejections", "withdrawals", "topic_withdrawals", "agent_rates")
        return [world.all(f"SELECT count(*) FROM orchestrator.{table}")[0][0] for table in tables]

    leave_records()
    world.wait(days=89)
    leave_records()
    world.night()
    assert counts() == [2, 2, 2, 2]
    world.wait(days=2)
    assert world.night() == {"forgotten": 0, "finished": True}
    assert counts() == [1, 1, 1, 1]
