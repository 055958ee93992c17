"""Which triggers, rules, publications and jobs are old senders: each in one database with those that nearly are."""

from collections.abc import Iterator

import pytest
from psycopg import Connection

from orchestrator.store.old_senders import OldSender, list_old_senders

POSTS = "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY sms; RETURN NEW; END $$;"
CALLS = "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;"
FIRES = "CREATE TRIGGER {} {} ON {} FOR EACH ROW EXECUTE FUNCTION {}();"
INSERT = "AFTER INSERT"


@pytest.fixture
def empty(connection: Connection) -> Iterator[Connection]:
    """A database whose changes are undone."""
    if connection.info.server_version < 150_000:
        pytest.skip("publications have row filters since Postgres 15")
    with connection.transaction(force_rollback=True):
        yield connection


def test_triggers_and_rules_that_fire_and_post_are_old_senders(empty: Connection) -> None:
    statements = [
        POSTS.format("post"), POSTS.format("orchestrator.post_ours"),
        FIRES.format("on_insert", INSERT, "messages", "post"),
        FIRES.format("on_update", "BEFORE UPDATE", "messages", "post"),
        FIRES.format("on_delete", "AFTER DELETE", "messages", "post"),
        FIRES.format("always", INSERT, "messages", "post"), "ALTER TABLE messages ENABLE ALWAYS TRIGGER always;",
        FIRES.format("replica", INSERT, "messages", "post"), "ALTER TABLE messages ENABLE REPLICA TRIGGER replica;",
        FIRES.format("disabled", INSERT, "messages", "post"), "ALTER TABLE messages DISABLE TRIGGER disabled;",
        FIRES.format("ours", INSERT, "messages", "orchestrator.post_ours"),
        FIRES.format("of_queue", INSERT, "message_queue", "post"),
        FIRES.format("of_people", INSERT, "users", "post"),
        "CREATE TABLE messages_copy (LIKE messages);" + FIRES.format("of_copy", INSERT, "messages_copy", "post"),
        *(
            f"CREATE RULE {name} AS ON {event} DO ALSO NOTIFY sms;"
            for name, event in (
                ("rule_insert", "INSERT TO messages"), ("rule_update", "UPDATE TO messages"),
                ("rule_delete", "DELETE TO messages"), ("rule_always", "INSERT TO messages"),
                ("rule_replica", "INSERT TO messages"), ("rule_disabled", "INSERT TO messages"),
                ("rule_of_queue", "INSERT TO message_queue"), ("rule_of_people", "INSERT TO users"),
            )
        ),
        "CREATE RULE rule_counts AS ON INSERT TO messages DO ALSO SELECT 1;",
        "ALTER TABLE messages ENABLE ALWAYS RULE rule_always; ALTER TABLE messages ENABLE REPLICA RULE rule_replica;",
        "ALTER TABLE messages DISABLE RULE rule_disabled;",
        # What has the name of a sender is none.
        "CREATE TABLE job (); CREATE SCHEMA cron; CREATE TABLE cron.other (); CREATE PUBLICATION on_insert;",
    ]  # fmt: skip
    empty.execute("".join(statements).encode())
    assert list_old_senders(empty) == [
        *(OldSender("trigger", name, f"DROP TRIGGER {name} ON public.messages;") for name in ("always", "on_insert", "on_update")),
        *(OldSender("rule", name, f"DROP RULE {name} ON public.messages;") for name in ("rule_always", "rule_insert", "rule_update")),
        OldSender("queue trigger", "of_queue", "DROP TRIGGER of_queue ON public.message_queue;"),
        OldSender("queue rule", "rule_of_queue", "DROP RULE rule_of_queue ON public.message_queue;"),
    ]  # fmt: skip


def test_a_trigger_posts_through_what_it_calls_and_fills(empty: Connection) -> None:
    ways = {
        "calls_upper_case": "PERFORM Hand_On();",
        "calls_quoted": 'PERFORM "Hand On"();',
        "calls_a_procedure": "CALL hand_on_p();",
        "calls_a_standard_body": "PERFORM hand_on_s();",
        "calls_through_two": "PERFORM hand_on_twice();",
        "fills_outbox": "INSERT INTO public.Outbox DEFAULT VALUES;",
        "fills_two_tables": "INSERT INTO first_of_two DEFAULT VALUES;",
        "fills_always": "INSERT INTO always_table DEFAULT VALUES;",
    }
    no_ways = {
        "fills_updated": "INSERT INTO updated DEFAULT VALUES;",
        "fills_replica": "INSERT INTO replica_table DEFAULT VALUES;",
        "fills_disabled": "INSERT INTO disabled_table DEFAULT VALUES;",
        "fills_queue": "INSERT INTO message_queue DEFAULT VALUES;",
        "fills_nothing": "PERFORM 1;",
        "calls_net": "PERFORM net.call();",
        "calls_pgmq": "PERFORM pgmq.call();",
        "names_another_case": 'PERFORM "hand on"();',
    }
    tables = {
        "outbox": INSERT, "second_of_two": INSERT, "always_table": INSERT, "updated": "AFTER UPDATE",
        "replica_table": INSERT, "disabled_table": INSERT, "message_queue": INSERT,
    }  # fmt: skip
    body = "LANGUAGE sql AS $$ SELECT pg_notify('sms', '') $$;"
    statements = [
        POSTS.format("post"), "CREATE TABLE first_of_two ();",
        f"CREATE FUNCTION hand_on() RETURNS void {body}", f'CREATE FUNCTION "Hand On"() RETURNS void {body}',
        f"CREATE PROCEDURE hand_on_p() {body}",
        "CREATE FUNCTION hand_on_s() RETURNS void BEGIN ATOMIC SELECT pg_notify('sms', ''); END;",
        "CREATE FUNCTION hand_on_twice() RETURNS void LANGUAGE sql AS $$ SELECT hand_on() $$;",
        *(f"CREATE SCHEMA {schema}; CREATE FUNCTION {schema}.call() RETURNS void {body}" for schema in ("net", "pgmq")),
        *(f"CREATE TABLE {name} ();" for name in tables if name != "message_queue"),
        *(FIRES.format(f"t_{name}", when, name, "post") for name, when in tables.items()),
        CALLS.format("fill_second", "INSERT INTO second_of_two DEFAULT VALUES;"),
        FIRES.format("t_first", INSERT, "first_of_two", "fill_second"),
        "ALTER TABLE always_table ENABLE ALWAYS TRIGGER t_always_table;",
        "ALTER TABLE replica_table ENABLE REPLICA TRIGGER t_replica_table;",
        "ALTER TABLE disabled_table DISABLE TRIGGER t_disabled_table;",
        *(CALLS.format(name, code) + FIRES.format(name, INSERT, "messages", name) for name, code in (ways | no_ways).items()),
    ]  # fmt: skip
    empty.execute("".join(statements).encode())
    found = [(sender.kind, sender.name) for sender in list_old_senders(empty)]
    assert found == [*(("trigger", name) for name in sorted(ways)), ("queue trigger", "t_message_queue")]


def test_publications_of_rows_that_wait_are_old_senders(empty: Connection) -> None:
    publications = {
        "of_both": "FOR TABLE message_queue, messages, users",
        "of_inserts": "FOR TABLE messages WITH (publish = 'insert')",
        "of_updates": "FOR TABLE message_queue WITH (publish = 'update')",
        "of_deletions": "FOR TABLE messages WITH (publish = 'delete, truncate')",
        "of_everything": "FOR ALL TABLES",
        "of_schema": "FOR TABLES IN SCHEMA public",
        "of_sent_rows": "FOR TABLE messages WHERE (status = 'sent')",
        "of_pending_rows": "FOR TABLE messages WHERE (status = 'pending')",
        "of_another_schema": "FOR TABLE elsewhere.messages",
        "of_people": "FOR TABLE users",
    }
    create = [f"CREATE PUBLICATION {name} {what};" for name, what in publications.items()]
    empty.execute("".join(["CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.messages ();", *create]).encode())
    assert [(sender.name, sender.removal) for sender in list_old_senders(empty)] == [
        ("of_both", "ALTER PUBLICATION of_both DROP TABLE public.messages, public.message_queue;"),
        ("of_everything", "DROP PUBLICATION of_everything;"),
        ("of_inserts", "ALTER PUBLICATION of_inserts DROP TABLE public.messages;"),
        ("of_pending_rows", "ALTER PUBLICATION of_pending_rows DROP TABLE public.messages;"),
        ("of_schema", "ALTER PUBLICATION of_schema DROP TABLES IN SCHEMA public;"),
        ("of_updates", "ALTER PUBLICATION of_updates DROP TABLE public.message_queue;"),
    ]


def test_jobs_that_send_or_take_rows_are_old_senders(empty: Connection) -> None:
    post, take = "SELECT net.http_post('https://x')", "UPDATE message_queue SET tries = 1, status = 'x'"
    jobs: list[tuple[str | None, str, bool, bool]] = [
        ("send-texts", post, True, True),
        (None, f"{post} WHERE 'dispatch' = ''", True, True),
        (None, f"{post} -- dispatch", True, True),
        ("9", f"{post} WHERE 'deliver' = ''", True, True),
        ("weather", post, True, True),
        ("send-texts-later", "SELECT 1", True, True),
        ("takes", take, True, True),
        ("takes-away", "DELETE FROM public.message_queue WHERE true RETURNING id", True, True),
        ("deletes", "DELETE FROM message_queue", True, True),
        ("send-texts-no-more", post, False, True),
        ("takes-no-more", take, False, True),
        ("send-texts-elsewhere", post, True, False),
        ("takes-elsewhere", take, True, False),
    ]
    empty.execute(
        "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, jobname text, command text, database text, active boolean)"
    )
    for number, (name, command, is_active, is_here) in enumerate(jobs, 1):
        empty.execute(
            "INSERT INTO cron.job VALUES (%s, %s, %s, CASE WHEN %s THEN current_database() ELSE 'x' END, %s)",
            (number, name, command, is_here, is_active),
        )
    assert list_old_senders(empty) == [
        OldSender("cron job", name, f"SELECT cron.unschedule({name if name.isdigit() else repr(name)});")
        for name in ("2", "9", "send-texts", "takes", "takes-away")
    ]
