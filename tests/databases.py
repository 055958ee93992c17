"""Databases of one test, empty or as a function prepared them, and the folder of their cluster."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# Brings the empty database of a URL into a state.
Prepare = Callable[[str], object]
# Makes a database in that state for one test; returns its URL.
PreparedDatabase = Callable[[Prepare], str]
# More than a cluster of tests ever takes.
DATA_BYTES = 3 << 30


@contextmanager
def folder_in_memory(prefix: str) -> Iterator[Path]:
    """A folder for a cluster, in memory where there is room, with this prefix before the process's id.

    On a disk, a database takes four times as long to make and to drop.
    """
    memory = Path("/dev/shm")  # noqa: S108  (a folder with a random name in it)
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > DATA_BYTES
    if has_room:
        for left in memory.glob(f"{prefix}*"):  # of a run that was killed
            if not Path("/proc", left.name.removeprefix(prefix).partition("-")[0]).exists():
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=memory if has_room else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def copied_database(server: str, name: str, template: str) -> Iterator[str]:
    """Copy a database of a server until the block ends; yields the URL of the copy."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            yield _as_url(make_conninfo(server, dbname=name))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _as_url(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    password = f":{parts['password']}" if parts.get("password") else ""
    port = f"&port={parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('user', '')}{password}@/{parts['dbname']}?host={parts['host']}{port}"
