"""After a restore: what Twilio remembers is written back before anything is sent."""

from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from orchestrator.maintenance.recover import Recovery, recover
from orchestrator.sms.message_list import NotListed, TwilioMessageList
from orchestrator.store.pauses import list_pauses, pause
from orchestrator_cli.main import app
from orchestrator_local.stand_ins.phones import Text
from tests.world import World

STRUCTURED = {"type": "update", "findings": {"matched": "Acme"}}
# Everything that a restore may bring back to an older state.
TABLES = (
    "conversations, messages, message_queue, user_message_budget, orchestrator.attempts, orchestrator.timeline,"
    " orchestrator.opt_outs"
)


class Backup:
    """The tables as they were, in ordinary tables: a pooler may lend the session of a temporary one to others."""

    def __init__(self, world: World) -> None:
        self._world = world
        for table in TABLES.split(", "):
            world.connection.execute(f"CREATE TABLE {self._name(table)} AS TABLE {table.strip()}".encode())

    def restore(self) -> None:
        self._world.connection.execute(f"TRUNCATE {TABLES} CASCADE".encode())
        for table in TABLES.split(", "):
            overriding = "OVERRIDING SYSTEM VALUE" if "timeline" in table else ""
            self._world.connection.execute(
                f"INSERT INTO {table.strip()} {overriding} TABLE {self._name(table)}".encode()
            )

    def drop(self) -> None:
        for table in TABLES.split(", "):
            self._world.connection.execute(f"DROP TABLE {self._name(table)}".encode())

    def _name(self, table: str) -> str:
        return "backup_" + table.strip().replace(".", "_")


@pytest.fixture
def since(world: World) -> datetime:
    return world.now


def run(world: World, since: datetime, *, apply: bool = True) -> Recovery:
    message_list = TwilioMessageList(world.functions["deliver"].settings)
    return recover(world.connection, message_list, since, lambda: world.now, apply=apply)


@pytest.fixture
def restored(world: World, since: datetime) -> World:
    """Three messages were sent after the backup, one of them with words that Claude found; then it was restored."""
    world.person(hourly_limit=3)
    world.person("ben", phone="+12125550102")
    world.message()
    world.message(message_data=STRUCTURED)
    backup = Backup(world)
    forgotten = world.message("ben", message_data={"type": "note", "message": "Published after the backup"})
    world.minute()
    assert len(world.phones.texts) == 3
    world.wait(minutes=5)
    backup.restore()
    backup.drop()
    assert world.all("SELECT count(*) FROM message_queue WHERE id = %s", forgotten) == [(0,)]
    return world


def test_what_was_sent_is_not_sent_again(restored: World, since: datetime) -> None:
    result = run(restored, since)
    assert (result.sent, result.doubtful, result.unmatched, result.resumed) == (1, 1, 2, True)
    for _ in range(5):
        restored.minute()
        restored.wait(minutes=30)
    assert len(restored.phones.texts) == 3, "nothing went twice"
    assert restored.all("SELECT status, reason FROM message_queue ORDER BY status") == [
        ("failed", "unknown_outcome"),  # its words were not known yet: it may have been the text that nothing explains
        ("sent", None),
    ]


def test_the_slots_and_the_conversation_are_remembered(restored: World, since: datetime) -> None:
    run(restored, since)
    assert restored.all(
        "SELECT u.external_id, b.messages_sent FROM user_message_budget b JOIN users u ON u.id = b.user_id"
        " WHERE b.messages_sent > 0 ORDER BY 1"
    ) == [("ada", 2), ("ben", 1)]
    assert restored.all("SELECT count(*) FROM orchestrator.attempts WHERE evidence = 'recovery' AND holds_slot") == [
        (3,)
    ]
    contents = [content for (content,) in restored.all("SELECT content FROM messages ORDER BY content")]
    assert contents == sorted(text.body for text in restored.phones.texts)


def test_a_second_recovery_finds_nothing_new(restored: World, since: datetime) -> None:
    run(restored, since)
    again = run(restored, since)
    assert (again.sent, again.doubtful, again.unmatched) == (0, 0, 0)
    assert restored.all("SELECT sum(messages_sent) FROM user_message_budget") == [(3,)]


def test_a_dry_run_changes_nothing(restored: World, since: datetime) -> None:
    result = run(restored, since, apply=False)
    assert (result.sent, result.doubtful, result.unmatched) == (1, 1, 2)
    assert restored.all("SELECT count(*) FROM orchestrator.attempts") == [(0,)]
    assert list_pauses(restored.connection, restored.now) == []


def test_while_twilio_cannot_be_asked_sending_stays_paused(restored: World, since: datetime) -> None:
    settings = restored.functions["deliver"].settings.model_copy(update={"twilio_api_base_url": "http://127.0.0.1:1"})
    with pytest.raises(NotListed):
        recover(restored.connection, TwilioMessageList(settings), since, lambda: restored.now, apply=True)
    restored.minute()
    assert len(restored.phones.texts) == 3
    assert [scope for scope, *_ in list_pauses(restored.connection, restored.now)] == ["everything"]
    assert run(restored, since).resumed, "its own pause ends once it could ask"


def test_what_an_operator_paused_before_stays_paused(restored: World, since: datetime) -> None:
    pause(restored.connection, "everything", "", "by hand", restored.now)
    assert not run(restored, since).resumed
    assert [note for *_, note, _, _ in list_pauses(restored.connection, restored.now)] == ["by hand"]


def test_a_stop_that_was_forgotten_counts_again(restored: World, since: datetime) -> None:
    said = [("stop", 1), ("hello", 2), (" STOP ", 3)]
    restored.phones.replies = [
        Text(f"SMin{minute}", "+12125550101", body, 0, since + timedelta(minutes=minute)) for body, minute in said
    ]
    restored.phones.replies.append(Text("SMb1", "+12125550102", "STOP", 0, since + timedelta(minutes=1)))
    restored.phones.replies.append(Text("SMb2", "+12125550102", "start", 0, since + timedelta(minutes=2)))
    result = run(restored, since)
    assert (result.opted_out, result.opted_in) == (1, 1)
    message_id = restored.message()
    restored.minute()
    assert restored.state(message_id) == ("cancelled", "opted_out")


def test_what_people_wrote_is_stored_again_and_a_possible_wish_holds(restored: World, since: datetime) -> None:
    written = [("+12125550101", "Who signed me up? Take me off"), ("+12125550102", "See you at noon")]
    restored.phones.replies = [
        Text(f"SMin{place}", phone, body, 0, since + timedelta(minutes=3))
        for place, (phone, body) in enumerate(written)
    ]
    dry_run = run(restored, since, apply=False)
    assert (dry_run.received, dry_run.unread) == (2, 1)
    assert restored.all("SELECT 1 FROM messages WHERE direction = 'inbound'") == []
    assert (run(restored, since).received, run(restored, since).received) == (2, 0)
    assert restored.all(
        "SELECT m.content, r.kind FROM messages m JOIN orchestrator.readings r ON r.inbound_id = m.id ORDER BY r.kind"
    ) == [("See you at noon", "conversation"), ("Who signed me up? Take me off", "unjudged")]
    held, sent = restored.message("ada", priority="high"), restored.message("ben", priority="high")
    restored.minute()
    assert restored.state(held) == ("queued", "reply_unjudged")
    assert restored.state(sent)[0] == "sent"


@pytest.mark.parametrize("channel", ["rcs", "whatsapp"])
def test_a_stop_over_another_channel_counts_again(restored: World, since: datetime, channel: str) -> None:
    stop = Text("SMin1", f"{channel}:+12125550101", "STOP", 0, since + timedelta(minutes=3))
    restored.phones.replies = [stop]
    assert run(restored, since).opted_out == 1
    message_id = restored.message()
    restored.minute()
    assert restored.state(message_id) == ("cancelled", "opted_out")


def test_texts_from_before_are_not_counted(world: World, since: datetime) -> None:
    world.person()
    world.phones.texts = [Text("SMold", "+12125550101", "Hello", 1, since - timedelta(minutes=5))]
    message_id = world.message()
    result = run(world, since)
    assert (result.sent, result.unmatched) == (0, 0)
    world.minute()
    assert world.state(message_id) == ("sent", None)


def test_an_attempt_that_was_under_way_at_the_backup_is_settled(world: World, since: datetime) -> None:
    world.person()
    backups: list[Backup] = []

    def back_up_meanwhile(_fields: object) -> None:
        backups.append(Backup(world))

    world.phones.misbehave = back_up_meanwhile
    message_id = world.message()
    world.minute()
    backups[0].restore()
    backups[0].drop()
    assert world.state(message_id) == ("sending", None)
    assert run(world, since).sent == 1
    assert world.state(message_id) == ("sent", None)
    assert world.all("SELECT evidence, holds_slot FROM orchestrator.attempts") == [("recovery", True)]
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(1,)]


@pytest.mark.parametrize(
    ("given", "problem"),
    [("yesterday", "is not a time"), ("2026-03-03T14:00", "needs an offset"), ("2099-01-01T00:00Z", "future")],
)
def test_a_wrong_time_is_named(world: World, given: str, problem: str) -> None:
    result = CliRunner().invoke(app, ["recover", "--since", given])
    assert result.exit_code == 2
    assert problem in result.output


def test_the_command_tells_what_it_did(restored: World, since: datetime) -> None:
    result = CliRunner().invoke(app, ["recover", "--since", since.isoformat(), "--yes"])
    assert result.exit_code == 0, result.output
    assert "messages marked as sent: 1" in result.output
    assert "Sending continues." in result.output
