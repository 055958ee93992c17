"""Databases of one test: empty, or as a function prepared them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# Brings the empty database of a URL into a state.
Prepare = Callable[[str], object]
# Makes a database in that state for one test; returns its URL.
PreparedDatabase = Callable[[Prepare], str]


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
