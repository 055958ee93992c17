"""Old senders are found by what they do, in the database of the system that we replace and elsewhere."""

import json
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from typer.testing import CliRunner

from orchestrator.store.gauges import read_gauges
from orchestrator.store.old_senders import OldSender, list_failing_number_triggers, list_old_senders
from orchestrator_cli import main
from orchestrator_cli.dead_letters import SourceQueue
from orchestrator_cli.main import app
from tests.databases import PreparedDatabase
from tests.integration.test_migrate import migrate_existing, with_own_jobs
from tests.integration.test_replies import NIGHT, row
from tests.world import World

ADA = "00000000-0000-0000-0000-00000000000a"
OF_EXISTING = [
    OldSender("trigger", "send_sms_on_message_insert", "DROP TRIGGER send_sms_on_message_insert ON public.messages;"),
    OldSender("cron job", "process-due-messages", "SELECT cron.unschedule('process-due-messages');"),
    OldSender("cron job", "take-due-messages", "SELECT cron.unschedule('take-due-messages');"),
]


def test_the_old_database_names_each_with_the_sql_that_removes_it(
    prepared_database: PreparedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = with_own_jobs(prepared_database(migrate_existing))
    monkeypatch.setenv("DATABASE_URL", url)
    with psycopg.connect(url, autocommit=True) as connection:
        assert list_old_senders(connection) == OF_EXISTING
        (now,) = connection.execute("SELECT now()").fetchone() or (None,)
        assert read_gauges(connection, now).old_senders == {f"{s.kind} {s.name}": 1 for s in OF_EXISTING}
        for command in ("doctor", "adopt"):
            shown = " ".join(CliRunner().invoke(app, [command], catch_exceptions=False).output.split())
            for sender in OF_EXISTING:
                assert (sender.name in shown, sender.removal in shown) == (True, True), command
            assert "ALTER TABLE public.users DISABLE TRIGGER on_phone_change;" in shown, command
        for sender in OF_EXISTING:
            connection.execute(sender.removal.encode())
        assert list_old_senders(connection) == []


FUNCTION = "CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$;"
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON messages FOR EACH ROW {} EXECUTE FUNCTION on_row();"
HTTP = "CREATE SCHEMA net; CREATE FUNCTION net.http_post(url text) RETURNS bigint LANGUAGE sql AS 'SELECT 1';"
# pg_net's own function names its table.
NET = HTTP.replace("'SELECT 1'", "'INSERT INTO net.http_request_queue VALUES (1) RETURNING 1'").replace(
    "; CREATE", "; CREATE TABLE net.http_request_queue (id bigint); CREATE"
)
CRON = (
    "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, schedule text, command text, database text DEFAULT"
    " current_database(), active boolean DEFAULT true); INSERT INTO cron.job (jobid, command) VALUES (7, $c${}$c$);"
)


@pytest.mark.parametrize(
    ("situation", "change", "found"),
    [
        ("a notification", FUNCTION.format("PERFORM pg_notify('sms', '');") + TRIGGER.format(""), ["t"]),
        ("NOTIFY as a statement", FUNCTION.format("NOTIFY sms;") + TRIGGER.format(""), ["t"]),
        ("a post in a command made at run time", FUNCTION.format("EXECUTE 'SELECT net.http_post(1)';") + TRIGGER.format(""), ["t"]),
        ("dblink", FUNCTION.format("PERFORM dblink_exec('other', 'SELECT 1');") + TRIGGER.format(""), ["t"]),
        (
            "a function that calls one that posts",
            HTTP + "CREATE FUNCTION \"Post\"() RETURNS void LANGUAGE sql AS $$ SELECT net.http_post('u') $$;"
            "CREATE FUNCTION hand_on() RETURNS void LANGUAGE sql BEGIN ATOMIC SELECT public.\"Post\"(); END;"
            + FUNCTION.format("PERFORM hand_on();") + TRIGGER.format(""),
            ["t"],
        ),
        (
            "a trigger that posts itself, as webhooks of Supabase do",
            "CREATE SCHEMA supabase_functions; CREATE FUNCTION supabase_functions.http_request() RETURNS trigger"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t AFTER INSERT ON messages FOR EACH ROW"
            " EXECUTE FUNCTION supabase_functions.http_request('u')",
            ["t"],
        ),
        ("a trigger after an update", FUNCTION.format("NOTIFY sms;") + TRIGGER.replace("INSERT", "UPDATE").format(""), ["t"]),
        ("outbound rows in a condition", FUNCTION.format("NOTIFY sms;") + TRIGGER.format("WHEN (NEW.direction = 'outbound')"), ["t"]),
        ("inbound rows alone", FUNCTION.format("NOTIFY sms;") + TRIGGER.format("WHEN (NEW.direction = 'inbound')"), []),
        (
            "inbound rows and others",
            FUNCTION.format("NOTIFY sms;") + TRIGGER.format("WHEN (NEW.direction = 'inbound' OR NEW.status = 'pending')"),
            ["t"],
        ),
        ("no inbound row", FUNCTION.format("NOTIFY sms;") + TRIGGER.format("WHEN (NOT NEW.direction = 'inbound')"), ["t"]),
        (
            "a comparison with false",
            FUNCTION.format("NOTIFY sms;") + TRIGGER.format("WHEN ((NEW.direction = 'inbound' AND NEW.id IS NOT NULL) = false)"),
            ["t"],
        ),
        ("a row that is tried again", FUNCTION.format("NOTIFY sms;") + TRIGGER.replace("INSERT", "UPDATE").format(
            "WHEN (OLD.status = 'failed' AND NEW.status = 'pending')"), ["t"]),
        (
            "the person's rows, or rows that were delivered",
            FUNCTION.format("NOTIFY sms;") + "".join(
                TRIGGER.replace("TRIGGER t", f"TRIGGER t{number}").format(f"WHEN ({condition})")
                for number, condition in enumerate(
                    ["'inbound' = NEW.direction AND NEW.sent_at IS NULL", "NEW.direction <> 'outbound'", "NEW.role = 'user'",
                     "NEW.status IN ('sent', 'delivered')", "NEW.direction = 'outbound' AND NEW.status = 'failed'"]
                )
            ),
            [],
        ),
        ("rows that were delivered, or wait", FUNCTION.format("NOTIFY sms;") + TRIGGER.format(
            "WHEN (NEW.status IN ('sent', 'pending'))"), ["t"]),
        (
            "an outbox whose own trigger posts",
            FUNCTION.format("INSERT INTO public.outbox SELECT NEW.id;") + TRIGGER.format("")
            + "CREATE TABLE outbox (id uuid); CREATE FUNCTION post() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NOTIFY sms; RETURN NEW; END'; CREATE TRIGGER o AFTER INSERT ON outbox EXECUTE FUNCTION post()",
            ["t"],
        ),
        (
            "a function whose name is quoted",
            "CREATE FUNCTION \"Text schicken für\"() RETURNS void LANGUAGE sql AS $$ SELECT pg_notify('sms', '') $$;"
            + FUNCTION.format('PERFORM "Text schicken für"();') + TRIGGER.format(""),
            ["t"],
        ),
        (
            "words of comments and texts",
            FUNCTION.format("-- Notify the summary, net.http_post\n NEW.content := 'Please notify Ada'; /* pg_notify */ -- dblink\n")
            + TRIGGER.format(""),
            [],
        ),
        ("a trigger that counts", FUNCTION.format("NEW.content := upper(NEW.content);") + TRIGGER.format(""), []),
        ("a trigger of another table", FUNCTION.format("NOTIFY sms;") + TRIGGER.replace("messages", "users").format(""), []),
        (
            "a disabled trigger",
            FUNCTION.format("NOTIFY sms;") + TRIGGER.format("") + "ALTER TABLE messages DISABLE TRIGGER t",
            [],
        ),
        ("a trigger before a deletion", FUNCTION.format("NOTIFY sms;") + TRIGGER.replace("INSERT", "DELETE").format(""), []),
        ("a trigger of the queue", FUNCTION.format("NOTIFY sms;") + TRIGGER.replace("messages", "message_queue").format(""), ["t"]),
        (
            "a trigger of the queue's rows that were sent",
            FUNCTION.format("NOTIFY sms;")
            + TRIGGER.replace("messages", "message_queue").format("WHEN (NEW.status = 'sent')"),
            [],
        ),
        ("a rule of the queue", "CREATE RULE r AS ON INSERT TO message_queue DO ALSO NOTIFY sms", ["r"]),
        ("a rule", "CREATE RULE r AS ON INSERT TO messages DO ALSO NOTIFY sms", ["r"]),
        ("a rule that counts", "CREATE RULE r AS ON INSERT TO messages DO ALSO SELECT 1", []),
        ("a publication", "CREATE PUBLICATION p FOR TABLE messages", ["p"]),
        ("a publication of every table", "CREATE PUBLICATION p FOR ALL TABLES", ["p"]),
        ("a publication of both tables", "CREATE PUBLICATION p FOR TABLE message_queue, messages, users", ["p"]),
        ("a publication of the queue", "CREATE PUBLICATION p FOR TABLE message_queue", ["p"]),
        ("a publication of a schema", "CREATE PUBLICATION p FOR TABLES IN SCHEMA public", ["p"]),
        ("a publication of deletions", "CREATE PUBLICATION p FOR TABLE messages WITH (publish = 'delete')", []),
        ("a publication of another table", "CREATE PUBLICATION p FOR TABLE users", []),
        ("a job that takes rows", CRON.format("UPDATE public.message_queue SET status = 'processing'"), ["7"]),
        ("a job that posts elsewhere", CRON.format("SELECT net.http_post('https://status.example.com')"), []),
        ("a job that takes rows away", CRON.format("DELETE FROM message_queue WHERE status = 'queued' RETURNING *"), ["7"]),
        ("a job that posts to the sender", HTTP + CRON.format("SELECT net.http_post('https://old.example.com/process-due')"), ["7"]),
        ("a job that posts elsewhere with pg_net", NET + CRON.format("SELECT net.http_post('https://status.example.com')"), []),
        ("a job that clears old words", CRON.format("UPDATE messages SET content = '' WHERE status = 'sent'"), []),
        ("a job that deletes old rows", CRON.format("DELETE FROM messages WHERE status = 'sent'"), []),
        ("a job of the past", CRON.format("SELECT net.http_post('send-sms')") + "UPDATE cron.job SET active = false", []),
    ],
)  # fmt: skip
def test_what_a_code_does_decides(connection: Connection, situation: str, change: str, found: list[str]) -> None:
    if "IN SCHEMA" in change and connection.info.server_version < 150_000:
        pytest.skip("publications of a schema came with Postgres 15")
    with connection.transaction(force_rollback=True):
        connection.execute(change.encode())
        senders = list_old_senders(connection)
        assert [sender.name for sender in senders] == found, situation
        for sender in senders:
            if sender.kind != "cron job":  # this stand-in has no unschedule
                connection.execute(sender.removal.encode())
                assert list_old_senders(connection) == [], situation


@pytest.mark.parametrize(
    "code",
    [
        "SELECT net.http_delete('u')",
        "SELECT http_patch('u', '', '')",
        "SELECT extensions.http(('POST', 'u', NULL, NULL, NULL)::extensions.http_request)",
        "INSERT INTO net.http_request_queue (method, url) VALUES ('POST', 'u')",
        "COPY (SELECT 1) TO PROGRAM 'x'",
        "SELECT pg_logical_emit_message(true, 'sms', '')",
        "EXECUTE format('NOTIFY %I, %L', 'sms', '')",
        "EXECUTE 'NOTIFY ' || quote_ident('sms')",
        "IF true THEN NOTIFY sms, 'x'; END IF",
        "SELECT pgmq_public.send('texts', '{}')",
        "SELECT graphile_worker.add_job('text', '{}')",
        "SELECT amqp.publish(1, 'x', 'y', 'z')",
        "import httpx",
        "subprocess.run(['x'])",
        "use LWP::UserAgent;",
    ],
)
def test_ways_to_post_of_other_extensions_and_languages(connection: Connection, code: str) -> None:
    assert connection.execute("SELECT orchestrator.code_sends(%s)", (code,)).fetchone() == (True,)


def test_jobs_that_cannot_be_read_count_as_an_old_sender(connection: Connection) -> None:
    name = f"migrator_{uuid4().hex[:8]}"
    with connection.transaction(force_rollback=True):
        connection.execute(CRON.format("SELECT 1").encode())
        connection.execute(f"CREATE ROLE {name}; ALTER FUNCTION orchestrator.old_senders() OWNER TO {name}".encode())
        functions = ("without_comments(text)", "code_behind(text)", "code_behind_trigger(oid)", "code_sends(text)")
        for function in (*functions, "admits_no_waiting_row(text)"):
            connection.execute(f"GRANT EXECUTE ON FUNCTION orchestrator.{function} TO {name}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA orchestrator TO {name}".encode())
        connection.execute("CREATE PUBLICATION p FOR TABLE messages")
        removal = f"GRANT USAGE ON SCHEMA cron TO {name}; GRANT SELECT ON cron.job TO {name};"
        assert list_old_senders(connection)[-1] == OldSender("hidden jobs", "cron.job", removal)
        assert len(list_old_senders(connection)) == 2
        connection.execute(removal.encode())
        assert [sender.kind for sender in list_old_senders(connection)] == ["publication"]


def test_rows_that_an_old_sender_may_have_sent_are_never_sent(world: World) -> None:
    world.travel_to(NIGHT)
    ada = world.person()
    world.writes("Tell me all")
    world.connection.execute(FUNCTION.format("NOTIFY sms;").encode() + TRIGGER.format("").encode())
    app_settings = world.functions["dispatch"].settings
    try:
        row(world, ada, "while it is there")
        world.functions["dispatch"].__dict__["settings"] = app_settings.model_copy(update={"old_sender_is_gone": True})
        world.minute()
        world.minute()
        assert world.texts() == []
        row(world, ada, "in its last minute")
    finally:
        world.functions["dispatch"].__dict__["settings"] = app_settings
        world.connection.execute("DROP TRIGGER t ON messages; DROP FUNCTION on_row")
    world.minute()
    row(world, ada, "after its end")
    world.minute()
    world.minute()
    assert world.texts() == ["after its end"]
    assert world.all("SELECT count(*) FROM orchestrator.left_alone") == [(2,)]
    assert world.all("SELECT count(*) FROM orchestrator.old_sender_seen") == [(0,)]


def test_doctor_says_that_the_former_setting_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD_SENDER_IS_GONE", "true")
    results = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)
    assert [result["detail"] for result in results if result["what"] == "OLD_SENDER_IS_GONE"] == ["is ignored"]


# The owner's trigger that fails on each change of a number ---------------------------------------------------------------


@pytest.fixture
def old_database(prepared_database: PreparedDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    url = with_own_jobs(prepared_database(migrate_existing))
    monkeypatch.setenv("DATABASE_URL", url)
    for queue in SourceQueue:
        monkeypatch.delenv(queue.variable, raising=False)  # no dead letters to look through
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """What a command prints, and its exit code."""
    monkeypatch.setattr("sys.argv", ["orchestrator", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), " ".join((printed.out + printed.err).split())


SET_PHONE = ("user", "set", "--yes", ADA, "--phone", "+12125550111")
DELETE = ("privacy", "delete", ADA, "--yes", "--keep-at-twilio")


def test_commands_that_change_a_number_name_the_trigger_that_fails_and_work_without_it(
    old_database: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = old_database.execute("SELECT * FROM users ORDER BY id").fetchall()
    assert run(monkeypatch, capsys, "privacy", "export", ADA)[0] == 0
    for command in (SET_PHONE, DELETE):
        code, printed = run(monkeypatch, capsys, *command)
        assert (code, "Run ALTER TABLE public.users DISABLE TRIGGER on_phone_change;" in printed) == (1, True)
    assert old_database.execute("SELECT * FROM users ORDER BY id").fetchall() == before
    assert run(monkeypatch, capsys, "user", "set", "--yes", ADA, "--name", "Ada")[0] == 0, (
        "other columns can be changed"
    )

    old_database.execute("ALTER TABLE public.users DISABLE TRIGGER on_phone_change")
    assert run(monkeypatch, capsys, *SET_PHONE)[0] == 0
    history = (
        "SELECT phone_number_history, status FROM users u JOIN conversations c ON c.user_id = u.id WHERE u.id = %s"
    )
    assert old_database.execute(history, (ADA,)).fetchone() == (["+12125550101"], "closed")
    assert "+12125550101" in run(monkeypatch, capsys, "privacy", "export", ADA)[1]
    assert run(monkeypatch, capsys, *DELETE)[0] == 0
    assert old_database.execute(history, (ADA,)).fetchone() == ([], "closed")


@pytest.mark.parametrize(
    ("situation", "columns", "statement", "found"),
    [
        ("any column", "", "UPDATE users SET verified = true WHERE id = NEW.id;", ["t"]),
        ("a list of columns", "OF email, phone_number", 'UPDATE "public"."users" AS u SET verified = true;', ["t"]),
        ("another column", "OF email", "UPDATE users SET verified = true WHERE id = NEW.id;", []),
        ("a comment", "", "-- UPDATE users SET verified = true\n", []),
        ("another table", "", "UPDATE conversations SET status = 'closed';", []),
    ],
)
def test_only_a_trigger_that_a_change_of_a_number_fires_fails_it(
    connection: Connection, situation: str, columns: str, statement: str, found: list[str]
) -> None:
    with connection.transaction(force_rollback=True):
        trigger = TRIGGER.replace("AFTER INSERT ON messages", f"BEFORE UPDATE {columns} ON users")
        connection.execute(FUNCTION.format(statement).encode() + trigger.format("").encode())
        assert [trigger.name for trigger in list_failing_number_triggers(connection)] == found, situation


def test_a_column_that_an_owners_trigger_lacks_is_no_missing_migration(
    old_database: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old_database.execute(
        "CREATE FUNCTION copy_name() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.nickname := 1; RETURN NEW; END';"
        "CREATE TRIGGER copy_name BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION copy_name()"
    )
    assert run(monkeypatch, capsys, "user", "set", "--yes", ADA, "--name", "Ada") == (
        1,
        'The database\'s own function copy_name() failed: record "new" has no field "nickname". Correct or drop it.',
    )
