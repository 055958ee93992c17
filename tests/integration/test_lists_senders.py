"""Old senders with the SQL that removes them, and triggers that fail, among those that do no harm."""

from collections.abc import Iterator

import pytest
from psycopg import Connection

from orchestrator.store.old_senders import list_old_senders, require_changeable_numbers
from orchestrator.store.stored_statements import read_statement


@pytest.fixture
def catalog(connection: Connection) -> Iterator[Connection]:
    """A transaction that is undone."""
    with connection.transaction(force_rollback=True):
        yield connection


def test_what_hands_rows_to_another_sender_with_the_sql_that_removes_it(catalog: Connection) -> None:
    catalog.execute(
        "CREATE PUBLICATION near_all FOR ALL TABLES; CREATE PUBLICATION near_both FOR TABLE message_queue, messages;"
        "CREATE PUBLICATION near_one FOR TABLE messages, users; CREATE PUBLICATION near_schema FOR TABLES IN SCHEMA public;"
        "CREATE ROLE near_owner; CREATE OR REPLACE FUNCTION orchestrator.old_senders() RETURNS TABLE (kind text, name text)"
        " LANGUAGE sql AS $$VALUES ('trigger', 'z trigger'), ('trigger', 'a'), ('queue trigger', 'q'), ('rule', 'z rule'),"
        " ('queue rule', 'r'), ('publication', 'near_all'), ('publication', 'near_both'), ('publication', 'near_one'),"
        " ('publication', 'near_schema'), ('cron job', '7'), ('cron job', '7th'), ('cron job', 'it''s'),"
        " ('hidden jobs', 'cron.job')$$; ALTER FUNCTION orchestrator.old_senders() OWNER TO near_owner"
    )
    assert [(sender.kind, sender.removal) for sender in list_old_senders(catalog)] == [
        ("trigger", "DROP TRIGGER a ON public.messages;"),
        ("trigger", 'DROP TRIGGER "z trigger" ON public.messages;'),
        ("rule", 'DROP RULE "z rule" ON public.messages;'),
        ("queue trigger", "DROP TRIGGER q ON public.message_queue;"),
        ("queue rule", "DROP RULE r ON public.message_queue;"),
        ("publication", "DROP PUBLICATION near_all;"),
        ("publication", "ALTER PUBLICATION near_both DROP TABLE public.messages, public.message_queue;"),
        ("publication", "ALTER PUBLICATION near_one DROP TABLE public.messages;"),
        ("publication", "ALTER PUBLICATION near_schema DROP TABLES IN SCHEMA public;"),
        ("hidden jobs", "GRANT USAGE ON SCHEMA cron TO near_owner; GRANT SELECT ON cron.job TO near_owner;"),
        ("cron job", "SELECT cron.unschedule(7);"),
        ("cron job", "SELECT cron.unschedule('7th');"),
        ("cron job", "SELECT cron.unschedule('it''s');"),
    ]


def test_triggers_that_fail_on_each_change_of_a_number(catalog: Connection) -> None:
    code = "UPDATE public.users SET updated_at = now() WHERE id = NEW.id"
    shapes = {
        "of any column": "BEFORE UPDATE ON users FOR EACH ROW",
        "of the number": "BEFORE UPDATE OF timezone, phone_number ON users FOR EACH ROW",
        "of changes and more": "BEFORE INSERT OR UPDATE ON users FOR EACH ROW",
        "ahead": "BEFORE UPDATE ON users FOR EACH ROW",
        "always on": "BEFORE UPDATE ON users FOR EACH ROW",
        "of another column": "BEFORE UPDATE OF timezone ON users FOR EACH ROW",
        "after": "AFTER UPDATE ON users FOR EACH ROW",
        "of an insertion": "BEFORE INSERT ON users FOR EACH ROW",
        "of a statement": "BEFORE UPDATE ON users FOR EACH STATEMENT",
        "of another table": "BEFORE UPDATE ON messages FOR EACH ROW",
        "switched off": "BEFORE UPDATE ON users FOR EACH ROW",
        "of a replica": "BEFORE UPDATE ON users FOR EACH ROW",
    }
    for name, body in (("writes", code), ("reads", "PERFORM 1 FROM users"), ("shadows", "UPDATE users_log SET id = 1")):
        catalog.execute(
            f"CREATE FUNCTION public.near_{name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN {body}; RETURN NEW; END$$".encode()
        )
    catalog.execute(
        f"CREATE FUNCTION orchestrator.near_ours() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {code}; RETURN NEW;"
        " END$$".encode()
    )
    for name, shape in shapes.items():
        catalog.execute(f'CREATE TRIGGER "{name}" {shape} EXECUTE FUNCTION public.near_writes()'.encode())
    for function in ("public.near_reads", "public.near_shadows", "orchestrator.near_ours"):
        catalog.execute(f'CREATE TRIGGER "{function}" {shapes["of any column"]} EXECUTE FUNCTION {function}()'.encode())
    catalog.execute(
        'ALTER TABLE users DISABLE TRIGGER "switched off"; ALTER TABLE users ENABLE ALWAYS TRIGGER "always on";'
        'ALTER TABLE users ENABLE REPLICA TRIGGER "of a replica"'
    )
    found = catalog.execute(read_statement("list_failing_number_triggers").encode()).fetchall()
    names = ["ahead", "always on", "of any column", "of changes and more", "of the number"]
    quoted = [name if name == "ahead" else f'"{name}"' for name in names]
    removals = [f"ALTER TABLE public.users DISABLE TRIGGER {name};" for name in quoted]
    assert found == list(zip(names, removals, strict=True))
    with pytest.raises(Exception, match="always on"):
        require_changeable_numbers(catalog)
