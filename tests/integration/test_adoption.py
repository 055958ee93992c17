"""Taking over a database with messages of another sender in it."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from orchestrator.delivery.deliver import deliver
from orchestrator.errors import SettingsError
from orchestrator.messages import Lane
from orchestrator.rules.intents import Intent
from orchestrator.settings import DeliverSettings
from orchestrator.store import adoption
from orchestrator.store.adoption import Adoption, MessageGroup, QuotedText, adopt, count_unadopted_messages
from orchestrator.store.conversation import classify_by_operator, list_unread_texts
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.opt_outs import OptIn, write_opt_ins
from orchestrator.store.relevance import read_relevance_questions
from orchestrator.store.schedule import claim_due
from orchestrator_cli.main import app
from tests.databases import PreparedDatabase
from tests.integration.test_migrate import EXISTING, with_own_jobs
from tests.integration.test_old_senders import FUNCTION, OF_EXISTING, TRIGGER
from tests.integration.test_reserve_under_race import CountingSender
from tests.world import function_environment

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
DAY, WEEK = timedelta(hours=24), timedelta(days=7)
ADA, BEN, CHEN = (f"00000000-0000-0000-0000-00000000000{letter}" for letter in "abc")


def migrate_with_messages(url: str) -> None:
    """Make the former system's database with messages that wait in it, and migrate it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EXISTING.encode())
        rows: list[tuple[str, int, dict[str, object]]] = [
            (ADA, 1, {}),
            (BEN, 1, {}),
            (CHEN, 2, {"final_message": "Words of the old renderer"}),
            (ADA, 48, {}),
            (ADA, 1, {"sequence_id": ADA, "sequence_position": 1, "sequence_total": 2}),
            (CHEN, 1, {"sequence_id": CHEN, "sequence_position": 1, "sequence_total": 2}),
            (CHEN, 1, {"sequence_id": CHEN, "sequence_position": 2, "sequence_total": 2}),
            (ADA, 1, {"priority": "someday"}),
            (ADA, 1, {"status": "sent"}),
        ]
        for user, age, extra in rows:
            values = {
                "user_id": user,
                "agent_id": "old",
                "message_data": '{"type": "note", "message": "Hello from before"}',
                "scheduled_for": NOW - timedelta(hours=age),
                "created_at": NOW - timedelta(hours=age),
                **extra,
            }
            columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
            connection.execute(f"INSERT INTO message_queue ({columns}) VALUES ({places})".encode(), values)
    migrate(url)


@pytest.fixture
def old_database(prepared_database: PreparedDatabase) -> str:
    return with_own_jobs(prepared_database(migrate_with_messages))


def sizes(groups: Mapping[str, MessageGroup]) -> dict[str, int]:
    return {kind: group.messages for kind, group in groups.items()}


def add(connection: psycopg.Connection, due: datetime, **columns: object) -> UUID:
    """A row that an agent of the former system inserts."""
    values = {"user_id": ADA, "agent_id": "old", "message_data": '{"type": "x", "message": "Hi"}', "created_at": NOW}
    values |= {"scheduled_for": due, **columns}
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    statement = f"INSERT INTO message_queue ({names}) VALUES ({places}) RETURNING id"
    (added,) = connection.execute(statement.encode(), values).fetchone() or (None,)
    assert isinstance(added, UUID)
    return added


def test_ids_of_agents_become_as_settings_and_pauses_compare_them(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        connection.execute("UPDATE message_queue SET agent_id = ' Old '")
        adopt(connection, DAY, WEEK, NOW, apply=True)
        adopted = "SELECT DISTINCT agent_id FROM message_queue WHERE accepted_at IS NOT NULL"
        assert connection.execute(adopted).fetchall() == [("old",)]


def test_a_dry_run_tells_and_changes_nothing(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        found = adopt(connection, DAY, WEEK, NOW, apply=False)
        assert sizes(found.adopted) == {"due": 5}
        assert sizes(found.left) == {"too old": 1, "part of an incomplete sequence": 1, "unknown priority": 1}
        assert found == Adoption(
            adopted=found.adopted,
            left=found.left,
            rows_left_alone=MessageGroup(0, []),
            opt_outs=1,
            unread=0,
            stop_examples=[QuotedText(UUID(BEN), datetime(2026, 1, 2, tzinfo=UTC), " Stop ")],
            unread_examples=[],
            old_senders=OF_EXISTING,
        )
        assert connection.execute("SELECT count(*) FROM message_queue WHERE accepted_at IS NOT NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM orchestrator.opt_outs").fetchone() == (0,)


def test_no_old_row_is_touched_before_adoption(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        for lane in Lane:
            assert claim_due(connection, lane, NOW, NOW + WEEK, NOW + WEEK, None, 100) == []


def test_what_is_adopted_is_sent_and_a_past_stop_is_kept(old_database: str) -> None:
    environment = function_environment(old_database, {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = DeliverSettings.model_validate({name.lower(): value for name, value in environment.items()})
    sender = CountingSender()
    with psycopg.connect(old_database, autocommit=True, prepare_threshold=None) as connection:
        assert sizes(adopt(connection, DAY, WEEK, NOW, apply=True).adopted) == {"due": 5}
        assert adopt(connection, DAY, WEEK, NOW, apply=True).changes == 0, "a second run finds nothing new"
        claimed = [m for lane in Lane for m in claim_due(connection, lane, NOW, NOW, NOW + DAY, None, 100)]
        deliver(Database(settings), [message.message_id for message in claimed], sender, settings, lambda: NOW)
        ended = connection.execute(
            "SELECT user_id::text, status, reason FROM message_queue WHERE accepted_at IS NOT NULL ORDER BY user_id"
        ).fetchall()
    assert ended == [(ADA, "sent", None), (BEN, "cancelled", "opted_out"), *[(CHEN, "sent", None)] * 3]
    assert sender.sent == {"Hello from before": 3, "Words of the old renderer": 1}


def test_the_old_databases_triggers_see_a_row_that_was_sent(old_database: str) -> None:
    test_what_is_adopted_is_sent_and_a_past_stop_is_kept(old_database)
    with psycopg.connect(old_database) as connection:
        assert connection.execute(
            "SELECT m.status, c.messages_since_summary FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE m.direction = 'outbound' ORDER BY 2"
        ).fetchall() == [("sent", 1), *[("sent", 5)] * 3]


def test_every_row_that_waits_is_taken_over_or_named_with_an_example(old_database: str) -> None:
    earlier, later = NOW - timedelta(minutes=5), NOW + timedelta(days=20)
    with psycopg.connect(old_database, autocommit=True) as connection:
        connection.execute("DELETE FROM message_queue")
        due = add(connection, earlier, created_at=NOW - timedelta(days=3), priority=None)
        planned = add(connection, later, created_at=NOW - timedelta(days=3), priority=" HIGH ")
        old = add(connection, NOW - timedelta(hours=25))
        unsure = [add(connection, earlier, status="processing"), add(connection, earlier, status="approved")]
        unsure.append(add(connection, earlier, sent_at=earlier))
        odd = [add(connection, earlier, status="retry"), add(connection, earlier, status=None)]
        for ended in ("sent", "superseded", "cancelled", "failed"):
            add(connection, earlier, status=ended)
        assert count_unadopted_messages(connection) == 4
        dry_run = adopt(connection, DAY, WEEK, NOW, apply=False)
        result = adopt(connection, DAY, WEEK, NOW, apply=True)
        assert (dry_run.adopted, dry_run.left) == (result.adopted, result.left)
        assert {kind: set(group.message_ids) for kind, group in result.adopted.items()} == {
            "due": {due},
            "planned": {planned},
        }
        assert {why: set(group.message_ids) for why, group in result.left.items()} == {
            "too old": {old},
            "may have been sent": set(unsure),
            "unknown state retry": {odd[0]},
            "unknown state null": {odd[1]},
        }
        rows = connection.execute(
            "SELECT id, priority, accepted_at, expires_at FROM message_queue WHERE accepted_at IS NOT NULL"
        ).fetchall()
        assert {row[0]: row[1:] for row in rows} == {
            due: ("medium", NOW - timedelta(days=3), NOW + WEEK),
            planned: ("high", NOW - timedelta(days=3), later + WEEK),
        }
        raised = adopt(connection, timedelta(hours=26), WEEK, NOW, apply=True)
        assert set(raised.adopted) == {"due"}
        assert "too old" not in raised.left


def adopt_command(*options: str) -> str:
    return " ".join(CliRunner().invoke(app, ["adopt", *options], catch_exceptions=False).output.split())


def test_nothing_is_taken_over_while_an_old_sender_may_send_it(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", old_database)
    refused = CliRunner().invoke(app, ["adopt", "--apply"])
    for sender in OF_EXISTING:
        assert sender.removal in str(refused.exception)
    with psycopg.connect(old_database, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM orchestrator.opt_outs").fetchone() == (0,)
        for sender in OF_EXISTING:
            connection.execute(sender.removal.encode())
    assert "past STOPs stored as opt-outs: 1" in adopt_command("--apply")


def test_watching_takes_over_each_minute_what_agents_insert(old_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", old_database)
    with psycopg.connect(old_database, autocommit=True) as connection:
        for sender in OF_EXISTING:
            connection.execute(sender.removal.encode())
        waits: list[float] = []
        added: list[UUID] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            match len(waits):
                case 1:
                    added.append(add(connection, datetime.now(UTC)))
                    wrote(connection, CHEN, "please stop texting me", 30)
                case 3:
                    connection.execute(FUNCTION.format("NOTIFY sms;").encode() + TRIGGER.format("").encode())

        monkeypatch.setattr("orchestrator_cli.database.time.sleep", wait)
        result = CliRunner().invoke(app, ["adopt", "--apply", "--watch"])
    assert "DROP TRIGGER t ON public.messages;" in str(result.exception), "an old sender that comes back ends the watch"
    assert waits == [60, 60, 60]
    printed = " ".join(result.output.split())
    assert printed.count("due messages taken over: 1") == 1
    assert str(added[0]) in printed
    assert printed.count("past STOPs stored as opt-outs: 1") == 2
    assert "give --apply, too" in CliRunner().invoke(app, ["adopt", "--watch"]).output


def test_watching_names_new_rows_that_are_left_and_goes_on_after_a_failover(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", old_database)
    with psycopg.connect(old_database, autocommit=True) as connection:
        read_only = f"ALTER DATABASE {connection.info.dbname} SET default_transaction_read_only = "
        for sender in OF_EXISTING:
            connection.execute(sender.removal.encode())
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            match len(waits):
                case 1:
                    add(connection, datetime.now(UTC), status="retry")
                case 3:
                    connection.execute(f"{read_only}on".encode())
                case 4:
                    connection.execute("SET default_transaction_read_only = off")
                    connection.execute(f"{read_only}off".encode())
                    add(connection, datetime.now(UTC))
                case 5:
                    raise KeyboardInterrupt

        monkeypatch.setattr("orchestrator_cli.database.time.sleep", wait)
        result = CliRunner().invoke(app, ["adopt", "--apply", "--watch"])
    printed = " ".join(result.output.split())
    assert (len(waits), result.exit_code) == (5, 130)
    assert "read-only transaction. Trying again in a minute." in printed
    assert printed.count("messages left as they are (unknown state retry): 1") == 2, "new, and with what came later"
    assert printed.count("due messages taken over: 1") == 1


def test_the_command_says_everything_and_can_be_run_again(old_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", old_database)
    with psycopg.connect(old_database, autocommit=True) as connection:
        connection.execute(
            "UPDATE message_queue SET scheduled_for = now(), status = 'processing' WHERE status = 'sent'"
        )
        connection.execute("UPDATE message_queue SET scheduled_for = now() WHERE priority = 'someday'")
        connection.execute("INSERT INTO users (phone_number, timezone) VALUES ('none', 'EST')")
        pending = connection.execute(
            "INSERT INTO messages (conversation_id, user_id, role, content, direction, status)"
            " SELECT id, user_id, 'concierge', 'Hi', 'outbound', 'pending' FROM conversations LIMIT 1 RETURNING id"
        ).fetchone()
        assert pending
        connection.execute("INSERT INTO orchestrator.left_alone VALUES (%s)", pending)
        planned = add(connection, datetime.now(UTC) + timedelta(days=2), created_at=None)
    shown = [adopt_command(), adopt_command("--apply", "--despite-old-senders")]
    shown.append(adopt_command("--apply", "--despite-old-senders"))
    for text in shown:
        for part in (
            "messages left as they are (may have been sent): 1",
            "Look each up at Twilio.",
            "messages left as they are (unknown priority): 1",
            f"we never send: 1 {pending[0]}",
            "phone numbers: cannot be read:",
            "EST (1)",
        ):
            assert part in text
    assert f"planned messages to take over: 1 {planned}" in shown[0]
    assert "past STOPs to store as opt-outs: 1" in shown[0]
    assert "planned messages taken over: 1" in shown[1]
    assert "planned messages taken over: 0" in shown[2]
    assert "past STOPs stored as opt-outs: 0" in shown[2]


def test_rows_that_row_level_security_hides_are_an_error_and_never_none(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"adopter_{UUID(int=hash(old_database) % 2**64).hex[-8:]}"
    with psycopg.connect(old_database, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN".encode())
        try:
            for schema in ("public", "orchestrator"):
                admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}".encode())
                admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name}".encode())
                admin.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {name}".encode())
            monkeypatch.setenv("DATABASE_URL", old_database.replace("postgres@", f"{name}@"))
            result = CliRunner().invoke(app, ["adopt"])
            assert isinstance(result.exception, SettingsError)
            assert f"row level security hides rows of public.messages from the role {name}" in str(result.exception)
            assert result.output == ""
        finally:
            admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def test_what_the_person_wrote_before_the_adoption_puts_a_message_in_question(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        asked = add(connection, NOW, created_at=NOW - timedelta(hours=2), requires_fresh_context=True)
        connection.execute(
            "INSERT INTO messages (conversation_id, user_id, role, content, direction, created_at)"
            " SELECT id, user_id, 'user', 'I have found one, thanks', 'inbound', %s FROM conversations"
            " WHERE user_id = %s",
            (NOW - timedelta(hours=1), ADA),
        )
        adopt(connection, DAY, WEEK, NOW, apply=True)
        connection.execute("UPDATE message_queue SET status = 'approved' WHERE id = %s", (asked,))
        questions = read_relevance_questions(connection, [UUID(ADA)], NOW)
        assert [message["message_id"] for question in questions for message in question["messages"]] == [str(asked)]


# What people wrote before ------------------------------------------------------------------------------------------------


def wrote(connection: psycopg.Connection, user: str, content: str, minute: int, role: str = "user") -> None:
    """A text that the former system received."""
    connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT id, user_id, %s, %s, 'inbound', 'received', %s FROM conversations WHERE user_id = %s",
        (role, content, datetime(2026, 2, 1, 12, minute, tzinfo=UTC), user),
    )


def opted_out(connection: psycopg.Connection) -> list[str]:
    return [
        user for (user,) in connection.execute("SELECT user_id::text FROM orchestrator.opt_outs ORDER BY opted_out_at")
    ]


@pytest.mark.parametrize(
    "content", ["STOP!!", "please stop texting me", "ARRET", "Stop thanks", "you have the wrong number", "stop all"]
)
def test_a_past_stop_in_any_words_is_an_opt_out(old_database: str, content: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        wrote(connection, ADA, content, 1)
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 2
        assert opted_out(connection) == [BEN, ADA]
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 0


def test_a_history_is_read_in_batches(old_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "BATCH", 2)
    with psycopg.connect(old_database, autocommit=True) as connection:
        for minute, content in enumerate(["hello", "please stop texting me", "ok", "see you"]):
            wrote(connection, ADA, content, minute)
        connection.execute("UPDATE messages SET created_at = NULL WHERE content = 'STOP'")
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 2
        assert opted_out(connection) == [BEN, ADA]


def test_each_text_of_a_history_counts_once_and_in_the_order_in_which_it_was_written(
    old_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "BATCH", 1)
    with psycopg.connect(old_database, autocommit=True) as connection:
        connection.execute("DELETE FROM messages")
        # Stored in another order than written, as an import may do.
        for user, content, minute in [(ADA, "STOP", 9), (ADA, "START", 5), (CHEN, "START", 2), (CHEN, "STOP", 1)]:
            wrote(connection, user, content, minute)
        for content in ("hello", "STOP", "see you"):
            wrote(connection, BEN, content, 0)
        connection.execute("UPDATE messages SET created_at = NULL WHERE user_id = %s", [BEN])
        adopt(connection, DAY, WEEK, NOW, apply=True)
        assert set(opted_out(connection)) == {ADA, BEN}


def test_what_agents_wrote_to_themselves_is_no_stop(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        wrote(connection, ADA, "STOP", 1, role="system")
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 1
        assert opted_out(connection) == [BEN]


def test_a_past_text_that_may_be_a_wish_holds_until_an_operator_reads_it(old_database: str) -> None:
    words = "I never agreed to these messages, take me off"
    with psycopg.connect(old_database, autocommit=True) as connection:
        wrote(connection, ADA, "Sounds good", 1)
        wrote(connection, ADA, words, 2)
        wrote(connection, CHEN, words, 3)
        wrote(connection, CHEN, "See you at noon", 4)
        dry_run = adopt(connection, DAY, WEEK, NOW, apply=False)
        assert (dry_run.unread, [text.content for text in dry_run.unread_examples]) == (1, [words])
        assert connection.execute("SELECT count(*) FROM orchestrator.readings").fetchone() == (0,)
        assert adopt(connection, DAY, WEEK, NOW, apply=True).unread == 1
        assert adopt(connection, DAY, WEEK, NOW, apply=True).unread == 0
        assert delivered(connection, old_database) == {(ADA, "queued", "reply_unjudged"): 1, (CHEN, "sent", None): 3}
        texts = list_unread_texts(connection, UUID(ADA), 10)
        assert [text.content for text in texts] == [words]
        classify_by_operator(connection, texts, Intent.STOP, NOW)
        assert opted_out(connection) == [BEN, ADA]


def delivered(connection: psycopg.Connection, database_url: str) -> Counter[tuple[str, str, str | None]]:
    """What became of the messages of Ada and Chen."""
    environment = function_environment(database_url, {}, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = DeliverSettings.model_validate({name.lower(): value for name, value in environment.items()})
    claimed = [m for lane in Lane for m in claim_due(connection, lane, NOW, NOW, NOW + DAY, None, 100)]
    deliver(Database(settings), [message.message_id for message in claimed], CountingSender(), settings, lambda: NOW)
    return Counter(
        connection.execute(
            "SELECT user_id::text, status, reason FROM message_queue WHERE accepted_at IS NOT NULL AND user_id <> %s",
            (BEN,),
        ).fetchall()
    )


def test_a_start_that_came_to_us_outlasts_a_second_adoption(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        adopt(connection, DAY, WEEK, NOW, apply=True)
        write_opt_ins(connection, [OptIn("+12125550102", NOW, number_hash=None)])
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 0


def test_people_who_share_a_phone_share_its_past_stop(old_database: str) -> None:
    with psycopg.connect(old_database, autocommit=True) as connection:
        connection.execute("ALTER TABLE users DISABLE TRIGGER on_phone_change")
        connection.execute("UPDATE users SET phone_number = '(212) 555-0102' WHERE id = %s", (ADA,))
        wrote(connection, ADA, "START", 5)
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 0, "the number's last word is START"
        wrote(connection, BEN, "no more texts please", 6)
        assert adopt(connection, DAY, WEEK, NOW, apply=True).opt_outs == 1
        opt_outs = "SELECT count(*) FROM orchestrator.opt_outs_of(%s, '+12125550102')"
        assert [connection.execute(opt_outs, (user,)).fetchone() for user in (ADA, BEN)] == [(1,), (1,)]
