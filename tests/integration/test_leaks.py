"""What fails in a handler shows type, SQLSTATE and place: never a number, words or a secret (G10)."""

import ast
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from functions.migrate import app as migrate_app
from orchestrator.aws.guard import guard
from orchestrator.aws.telemetry import new_logger
from orchestrator.errors import InvocationFailed, SettingsError
from orchestrator.store.database import Database
from orchestrator.store.migrate import Migration
from tests.world import LambdaContext, World, http_event, sqs_event, sqs_record

ROOT = Path(__file__).parents[2]
WORDS = "The blood test of Ada is back"
PHONE = "+12125550101"
# Each is raised in the middle of the function that writes such a row.
REFUSALS = {
    "a constraint": "ALTER TABLE {table} ADD CONSTRAINT of_an_owner CHECK ({check}) NOT VALID",
    "a trigger": (
        "CREATE FUNCTION of_an_owner() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NOT (NEW.{column} IS NULL OR {new_check}) THEN RAISE EXCEPTION 'not this: % %', NEW, '+12125550101';"
        " END IF; RETURN NEW; END $$;"
        " CREATE TRIGGER of_an_owner BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION of_an_owner()"
    ),
}
UNDO = "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS of_an_owner; DROP FUNCTION IF EXISTS of_an_owner CASCADE"
# The function, the table, a column of it, and what the owner's rule still admits.
WRITES = {
    "enqueue": ("message_queue", "status", "status <> 'queued'"),
    "dispatch": ("message_queue", "status", "status <> 'approved'"),
    "deliver": ("message_queue", "status", "status <> 'sending'"),
    "inbound": ("messages", "direction", "direction <> 'inbound'"),
    "retain": ("messages", "content", "content <> ''"),
}


class Shown:
    """What a handler lets out: its log, and what it raises with all that is attached."""

    def __init__(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self._capfd, self._caplog = capfd, caplog
        capfd.readouterr()
        caplog.clear()

    def by(self, call: Any) -> str:
        raised = ""
        try:
            call()
        except InvocationFailed as error:
            assert (error.__cause__, error.__context__) == (None, None)
            raised = "".join(traceback.format_exception(error))
        out, err = self._capfd.readouterr()
        return "\n".join([out, err, self._caplog.text, *map(str, map(vars, self._caplog.records)), raised])


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Shown:
    return Shown(capfd, caplog)


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("function", WRITES)
def test_what_an_owners_rule_refuses_is_not_shown(world: World, shown: Shown, function: str, refusal: str) -> None:
    table, column, check = WRITES[function]
    world.person()
    words = {"type": "note", "message": WORDS}
    if function != "enqueue":
        world.message(message_data=words)
    if function == "deliver":
        world.dispatch()
    if function == "retain":
        world.minute()
        world.wait(days=400)
    if function == "inbound":
        world.twilio_calls(world.phones.write(PHONE, WORDS, "https://hooks.example.com/twilio/inbound"))
    events: dict[str, Any] = {
        "enqueue": {"user_id": "ada", "agent_id": "x", "message_data": words, "priority": "high"},
        "deliver": world.drain("DELIVERY_QUEUE_URL"),
    }
    if function in ("enqueue", "deliver"):
        bodies = events[function] if function == "deliver" else [json.dumps(events[function])]
        event = sqs_event([sqs_record(body, world.now, queue=function, receives=9) for body in bodies])
    elif function == "inbound":
        event = sqs_event(world.inbound_records())
    else:
        event = {"time": world.now.isoformat()}
    new_check = check.replace(column, f"NEW.{column}", 1)
    rule = {"table": table, "column": column, "check": check, "new_check": new_check}
    world.connection.execute(REFUSALS[refusal].format(**rule).encode())
    try:
        text = shown.by(lambda: world.functions[function].handler(event, LambdaContext()))
    finally:
        world.connection.execute(UNDO.format(**rule).encode())
    assert WORDS not in text
    assert PHONE not in text
    assert ("23514" if refusal == "a constraint" else "P0001") in text
    assert ".py:" in text, "the place"


# What libpq quotes of a URL that it cannot read, or of a server that it cannot find.
PASSWORDS = ["hunter2%zz", "hunter2%", "x@hunter2", "x:hunter2@y", "hunter2/", "12/hunter2", "?hunter2=1", "[hunter2"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("function", ["enqueue", "dispatch", "deliver", "inbound", "retain", "learn", "query"])
def test_no_part_of_a_password_is_shown_at_any_connection(
    world: World, shown: Shown, monkeypatch: pytest.MonkeyPatch, function: str, password: str
) -> None:
    """Also of a URL that no check has read."""
    app = world.functions[function]
    url = f"postgresql://app:{password}@127.0.0.1:1/app?connect_timeout=1"
    settings = app.settings.model_copy(update={"database_url": SecretStr(url)})
    monkeypatch.setitem(app.__dict__, "database", Database(settings))
    event = (
        {"time": world.now.isoformat()}
        if function in ("dispatch", "retain", "learn")
        else sqs_event([sqs_record("{}", world.now, queue=function)])
    )
    if function == "query":
        event = {"action": "is_user_active", "user_id": "ada"}
    if function == "inbound":
        world.twilio_calls(world.phones.write(PHONE, WORDS, "https://hooks.example.com/twilio/inbound"))
        event = sqs_event(world.inbound_records())
    text = shown.by(lambda: app.handler(event, LambdaContext()))
    assert "hunter2" not in text


@pytest.mark.parametrize("password", PASSWORDS)
def test_migrate_shows_no_part_of_a_password(shown: Shown, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:{password}@127.0.0.1:1/app?connect_timeout=1")
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    text = shown.by(lambda: migrate_app.handler({}, LambdaContext()))  # type: ignore[arg-type]  # it has what Lambda's own has
    assert "hunter2" not in text
    assert "InvocationFailed" in text


def test_migrate_shows_no_row_that_a_migration_meets(
    empty_database: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    quoting = f"DO $$ BEGIN RAISE EXCEPTION '{WORDS} {PHONE}'; END $$"
    monkeypatch.setattr("orchestrator.store.migrate.migrations", lambda: [Migration("9999_quoting", quoting)])
    text = shown.by(lambda: migrate_app.handler({}, LambdaContext()))  # type: ignore[arg-type]  # as above
    assert WORDS not in text
    assert PHONE not in text
    assert "RaiseException (P0001) at migrate.py:" in text


def test_the_webhook_shows_nothing_of_a_call_that_breaks_it(
    world: World, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.functions["webhook"]

    def fail(*_: object) -> None:
        raise ValueError(f"{WORDS} {PHONE}")

    monkeypatch.setitem(app.__dict__, "receive", fail)
    call = world.phones.write(PHONE, WORDS, "https://hooks.example.com/twilio/inbound")
    text = shown.by(lambda: app.handler(http_event(call), LambdaContext()))
    assert WORDS not in text
    assert PHONE not in text
    assert "ValueError at " in text


def test_what_a_library_warns_of_is_not_shown(shown: Shown) -> None:
    """psycopg warns of an error that it ignores, such as a second one in a pipeline, with its text."""
    new_logger("test")
    assert WORDS not in shown.by(lambda: logging.getLogger("psycopg").warning("error ignored: %s", WORDS))


def test_a_setting_of_powertools_does_not_log_the_event(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    handler = guard(new_logger("test"))(lambda _event, _context: {})
    assert WORDS not in shown.by(lambda: handler({"body": WORDS}, LambdaContext()))  # type: ignore[arg-type]  # as above


def test_an_error_of_ours_that_names_a_setting_keeps_its_text() -> None:
    def stop(_event: object, _context: object) -> dict[str, Any]:
        raise SettingsError("DATABASE_URL: is not set.")

    with pytest.raises(InvocationFailed, match=r"^SettingsError: DATABASE_URL: is not set\.$"):
        guard(new_logger("test"))(stop)({}, LambdaContext())  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("file", sorted(ROOT.glob("functions/*/app.py")), ids=lambda file: file.parent.name)
def test_each_handler_is_guarded(file: Path) -> None:
    (handler,) = [
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "handler"
    ]
    assert [ast.unparse(decorator) for decorator in handler.decorator_list] == ["guard(logger)"]
