"""Deleting a person leaves no trace in any column of any table, and can be repeated after a failure."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from psycopg import sql

from orchestrator.errors import OrchestratorError
from orchestrator.store.people import change_user
from orchestrator_cli import privacy as command
from tests.integration.test_privacy import dead_letter_queue, everything, run
from tests.world import World

__all__ = ["dead_letter_queue"]  # a fixture
PHONE, FORMER = "+12125550101", "+12125550108"
EXTERNAL_ID = "user_7731"
WORDS = "the blue heron flies at noon"
# What is looked for after the deletion.
TRACES = (PHONE, FORMER, "2125550101", "2125550108", EXTERNAL_ID, "ada@example.com", "Ada", "Lovelace", WORDS)
TEXT_TYPES = ("text", "character varying", "character", "json", "jsonb", "ARRAY")

# Columns that hold no text about people, by what writes them. A column that is not listed here gets a trace in each of
# its rows before the deletion, and must have lost it after.
_CODES = "words of a fixed list, which our code writes"
_AGENTS = "an agent's or a role's name"
_OPERATORS = "an operator's name"
_OURS = "our own ids and names of functions and files"
_NUMBERS = "numbers of `learn`; message types among them are named by agents"
_KEPT = {
    "public.users.phone_number_history": "filled through the number's own change",
    "public.users.phone_number": "the story gives it",
    "public.conversations.phone_number": "the story gives it",
    "public.conversations.status": _CODES,
    "public.messages.role": _CODES,
    "public.messages.direction": _CODES,
    "public.messages.status": _CODES,
    "public.messages.twilio_message_sid": "Twilio's id: it goes when Twilio has deleted the text",
    "public.message_queue.agent_id": _AGENTS,
    "public.message_queue.publisher": _AGENTS,
    "public.message_queue.published_by": _AGENTS,
    "public.message_queue.priority": _CODES,
    "public.message_queue.status": _CODES,
    "public.message_queue.reason": _CODES,
    "public.message_queue.best_kind": _CODES,
    "public.message_queue.encoding": _CODES,
    "public.agent_tasks.task_type": _CODES,
    "public.agent_tasks.agent_type": _AGENTS,
    "public.agent_tasks.context_type": _CODES,
    "public.agent_tasks.priority": _CODES,
    "public.agent_tasks.status": _CODES,
    "public.agent_tasks.created_by": _AGENTS,
    "public.agent_actions_log.agent_type": _AGENTS,
    "public.agent_actions_log.action_type": _CODES,
    "public.agent_actions_log.context_type": _CODES,
    "public.agent_actions_log.model_used": _CODES,
    "orchestrator.agent_rates.agent_id": _AGENTS,
    "orchestrator.agents.prefix": _AGENTS,
    "orchestrator.agents.purpose": _CODES,
    "orchestrator.known_agents.agent_id": _AGENTS,
    "orchestrator.attempts.agent_group": _AGENTS,
    "orchestrator.agents.publishers": _AGENTS,
    "orchestrator.answer_curves.curves": _NUMBERS,
    "orchestrator.answer_hours.hours": _NUMBERS,
    "orchestrator.answer_hours.texts": _NUMBERS,
    "orchestrator.answer_hours.answers": _NUMBERS,
    "orchestrator.answer_hours.week": _CODES,
    "orchestrator.answer_progress.counts": _NUMBERS,
    "orchestrator.answer_results.period": _CODES,
    "orchestrator.answer_results.arm": _CODES,
    "orchestrator.attempts.outcome": _CODES,
    "orchestrator.attempts.purpose": _CODES,
    "orchestrator.attempts.evidence": _CODES,
    "orchestrator.attempts.twilio_message_sid": "Twilio's id: it goes when Twilio has deleted the text",
    "orchestrator.attempts.phone_number": "the story gives it",
    "orchestrator.consents.phone_number": "the story gives it",
    "orchestrator.consents.purpose": _CODES,
    "orchestrator.number_checks.answer": _CODES,
    "orchestrator.event_bus.name": _OURS,
    "orchestrator.reply_targets.target": _OURS,
    "orchestrator.events.target": _CODES,
    "orchestrator.events.error": _CODES,
    "orchestrator.forgotten_opt_outs.number_hash": "a keyed hash",
    "orchestrator.numbers.phone_number": "the story gives it",
    "orchestrator.operator_actions.operator": _OPERATORS,
    "orchestrator.operator_actions.database_role": _OPERATORS,
    "orchestrator.operator_actions.action": _CODES,
    "orchestrator.operator_actions.target": "the story gives it: a row is never changed",
    "orchestrator.operator_actions.change": "the story gives it: a row is never changed",
    "orchestrator.operator_actions.reason": "the story gives it: a row is never changed",
    "orchestrator.opt_outs.phone_number": "the story gives it",
    "orchestrator.opt_outs.source": _CODES,
    "orchestrator.pauses.scope": _CODES,
    "orchestrator.pauses.paused_by": _OPERATORS,
    "orchestrator.pauses.value": "the story gives the person's id",
    "orchestrator.readings.phone_number": "the story gives it",
    "orchestrator.readings.kind": _CODES,
    "orchestrator.readings.may_answer": _OURS,
    "orchestrator.readings.judged_by": _CODES,
    "orchestrator.rejections.sqs_message_id": "SQS's id",
    "orchestrator.rejections.reason": _CODES,
    "orchestrator.relevance.verdict": _CODES,
    "orchestrator.schema_migrations.name": _OURS,
    "orchestrator.created_tables.table_name": _OURS,
    "orchestrator.stored_statements.function_name": _OURS,
    "orchestrator.strangers.sid": "Twilio's id",
    "orchestrator.strangers.phone_number": "the story gives it",
    "orchestrator.timeline.status": _CODES,
    "orchestrator.timeline.reason": _CODES,
    "orchestrator.timeline.note": "rows of the law, as the law's file has them",
    "orchestrator.topic_withdrawals.publisher": _AGENTS,
    "orchestrator.waits_for_users.agent_id": _AGENTS,
    "orchestrator.withdrawals.publisher": _AGENTS,
}

# Those of them whose values our own code chooses.
HOLDS_CODES = {column for column, why in _KEPT.items() if why in (_CODES, _OURS, _NUMBERS)}


@pytest.fixture
def traced(world: World) -> Iterator[World]:
    """Ada has a past in every table, and a column of the owner's own; each row names her."""
    world.connection.execute("ALTER TABLE users ADD COLUMN about_her varchar(40)")
    try:
        user_id = world.person(EXTERNAL_ID, phone=FORMER, email="ada@example.com", last_name="Lovelace")
        world.writes("STOP", phone=FORMER)
        world.wait(minutes=1)
        change_user(world.connection, EXTERNAL_ID, {"phone_number": PHONE}, world.now)
        # The opt-out of the former number names the number alone.
        world.connection.execute("UPDATE orchestrator.opt_outs SET user_id = NULL")
        asked = world.message(EXTERNAL_ID, topic=WORDS, message_data={"type": "x", "message": WORDS})
        world.minute()
        world.writes(WORDS, phone=PHONE, NumMedia="1", MediaUrl0="https://x/1", MediaContentType0="image/png")
        world.writes(WORDS, phone=FORMER)
        world.publish({"action": "withdraw", "user_id": EXTERNAL_ID, "topic": WORDS}, "no JSON")
        for statement in (
            "INSERT INTO orchestrator.pauses (scope, value, note, paused_at) VALUES ('user', %(id)s::text, '', now())",
            "INSERT INTO orchestrator.pauses (scope, value, note, paused_at) VALUES ('lane', 'low', '', now())",
            "INSERT INTO orchestrator.numbers (phone_number, changed_at) VALUES (%(phone)s, now()), (%(former)s, now())",
            "INSERT INTO orchestrator.number_checks (id, user_id, phone_number, verified_on, answer, asked_at)"
            " VALUES (gen_random_uuid(), %(id)s, %(phone)s, now(), 'no', now())",
            "INSERT INTO orchestrator.consents"
            " VALUES (%(asked)s, %(id)s, %(phone)s, 'marketing', '', true, now(), NULL, '', '', '', '', now())",
            "INSERT INTO orchestrator.approvals VALUES (%(asked)s, '', now())",
            "INSERT INTO orchestrator.kept_words VALUES (%(asked)s, %(id)s, '', now())",
            "INSERT INTO orchestrator.legal_holds VALUES (gen_random_uuid(), '', now())",  # of another person
            "INSERT INTO orchestrator.operator_actions (id, at, operator, action, target, user_id, change, reason)"
            " VALUES (gen_random_uuid(), now(), 'x', 'user set', '', %(id)s, '{\"zone\": \"x\"}', 'as she asked: ' || %(phone)s)"
            ", (gen_random_uuid(), now(), 'x', 'withdraw', %(phone)s, NULL, jsonb_build_object('topic', %(words)s::text), '')",
            "INSERT INTO orchestrator.events (type, user_id, detail, at) VALUES ('x', %(id)s, '{}', now())"
            ", ('x', NULL, '{}', now())",
            "INSERT INTO orchestrator.relevance (message_id, inbound_id, verdict, why, judged_at)"
            " SELECT %(asked)s, inbound_id, 'relevant', '', now() FROM orchestrator.readings LIMIT 1",
            "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, context_json)"
            " VALUES ('x', 'x', %(id)s, now(), '{}'), ('x', 'x', NULL, now(), '{}')",
            "INSERT INTO agent_actions_log (agent_type, action_type, user_id) VALUES ('x', 'x', %(id)s), ('x', 'x', NULL)",
        ):
            parameters = {"id": user_id, "phone": PHONE, "former": FORMER, "asked": asked, "words": PHONE}
            world.connection.execute(statement, parameters)
        plant_traces(world, f"{EXTERNAL_ID} {PHONE}")
        yield world
    finally:
        world.connection.execute("ALTER TABLE users DROP COLUMN about_her")


def text_columns(world: World) -> list[tuple[str, str, str, str, int | None]]:
    """Every column of the database that can hold text: schema, table, column, type and length."""
    return world.all(
        "SELECT table_schema, table_name, column_name, data_type, character_maximum_length"
        "  FROM information_schema.columns c JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema IN ('public', 'orchestrator') AND table_type = 'BASE TABLE' AND data_type = ANY (%s)",
        list(TEXT_TYPES),
    )


def plant_traces(world: World, trace: str) -> None:
    """Write a trace into each row of each text column that may hold one."""
    for schema, table, column, data_type, length in text_columns(world):
        if f"{schema}.{table}.{column}" in _KEPT:
            continue
        value = json.dumps({"user_id": trace}) if data_type in ("json", "jsonb") else trace[:length]
        if column in ("external_id", "email"):
            continue  # the story gives them
        where = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(table))
        changed = world.connection.execute(
            sql.SQL("UPDATE {} SET {} = {}").format(where, sql.Identifier(column), value)
        )
        assert changed.rowcount, f"{schema}.{table}.{column}: the story above makes no row of this table"


def traces_left(world: World, *traces: str) -> list[str]:
    """Every text column that still holds one of these, with the trace."""
    found: list[str] = []
    for schema, table, column, _, _ in text_columns(world):
        where = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(table))
        rows: list[tuple[Any]] = world.connection.execute(
            sql.SQL("SELECT {}::text FROM {}").format(sql.Identifier(column), where)
        ).fetchall()
        found += [f"{schema}.{table}.{column}: {t}" for t in traces for (value,) in rows if value and t in value]
    return found


@pytest.mark.usefixtures("dead_letter_queue")
def test_no_column_of_any_table_holds_a_trace_of_a_deleted_person(traced: World) -> None:
    ((user_id,),) = traced.all("SELECT id::text FROM users")
    assert len(traces_left(traced, *TRACES)) > 20
    result = run("delete", EXTERNAL_ID, "--yes")
    assert result.exit_code == 0, result.output
    assert traces_left(traced, *TRACES, user_id) == []
    assert "opt-outs kept as a keyed hash: 1" in result.output, "the former number stays opted out"


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_row_of_another_person_loses_only_what_names_the_deleted_one(world: World) -> None:
    world.person(EXTERNAL_ID, phone=PHONE, last_name="Lovelace")
    ben = world.person("ben", phone="+12125550102")
    said = ["about the weather", f"introduce Ben to {EXTERNAL_ID}", "call (212) 555-0101", "Ada Lovelace"]
    for words in said:
        world.connection.execute(
            "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, context_json)"
            " VALUES ('x', 'x', %s, now(), jsonb_build_object('said', %s::text))",
            (ben, words),
        )
    assert run("delete", EXTERNAL_ID, "--yes").exit_code == 0
    left = world.all("SELECT context_json->>'said' FROM agent_tasks WHERE status = 'pending' ORDER BY 1")
    assert left == [("Ada Lovelace",), ("about the weather",)], "another person may have the same name"


@pytest.mark.usefixtures("dead_letter_queue")
def test_a_person_who_opted_out_on_the_number_before_stays_opted_out(world: World) -> None:
    """Ben said STOP on a number that Ada has now; his opt-out goes on with the number that he has."""
    ben = world.person("ben", phone=PHONE)
    world.writes("STOP", phone=PHONE)
    change_user(world.connection, "ben", {"phone_number": "+12125550102"}, world.now)
    world.person(EXTERNAL_ID, phone=PHONE)
    assert run("delete", EXTERNAL_ID, "--yes").exit_code == 0
    assert world.all("SELECT user_id, phone_number FROM orchestrator.opt_outs WHERE ended_at IS NULL") == [
        (ben, "+12125550102")
    ]


def test_with_sqs_away_nothing_is_deleted_and_the_next_run_finds_everything(
    world: World, dead_letter_queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person(EXTERNAL_ID, phone=PHONE)
    world.message(EXTERNAL_ID, message_data={"type": "x", "message": WORDS})
    sqs = boto3.client("sqs")
    for body in (f'{{"user_id": "\\u0075ser_7731", "words": "{WORDS}"}}', f"no JSON for {EXTERNAL_ID}", "of another"):
        sqs.send_message(QueueUrl=dead_letter_queue, MessageBody=body)
    before = everything(world)
    with monkeypatch.context() as away:

        def refuse(_url: str) -> None:
            raise EndpointConnectionError(endpoint_url="https://sqs.us-east-1.amazonaws.com")

        away.setattr(command, "receive_dead_letters", refuse)
        result = run("delete", EXTERNAL_ID, "--yes")
    assert (result.exit_code, type(result.exception)) == (1, OrchestratorError)
    assert "Run it again" in str(result.exception)
    rows, rows_before = (set(text.split("\n")) for text in (everything(world), before))
    (record,) = rows - rows_before  # what the operator began is recorded before its first step
    assert ("privacy delete" in record, rows_before - rows) == (True, set())
    again = run("delete", EXTERNAL_ID, "--yes")
    assert again.exit_code == 0, again.output
    assert "dead letters deleted: 2" in again.output
    assert world.drain("ENQUEUE_DLQ_URL") == ["of another"]
    assert WORDS not in everything(world)


@pytest.mark.usefixtures("dead_letter_queue")
def test_queues_without_a_url_are_named(world: World) -> None:
    world.person(EXTERNAL_ID, phone=PHONE)
    facts = json.loads(run("delete", EXTERNAL_ID, "--yes", "--json").stdout)
    assert facts["queues_not_searched"] == ["delivery", "urgent", "inbound"]
