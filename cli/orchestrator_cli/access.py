"""Who can read or write people and messages: what `doctor` reports of it, and what `doctor --close` changes."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

import psycopg
from psycopg import Connection

from orchestrator.clock import real_time
from orchestrator.errors import SettingsError
from orchestrator.settings import MigrationSettings, load
from orchestrator.store.access import (
    SHARED_TABLES,
    TableAccess,
    close_created_table,
    is_schema_closed,
    list_created_tables,
    list_trigger_holders,
    list_web_functions,
    list_web_views,
    read_access,
)
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.row_security import check_row_security
from orchestrator.store.runtime_role import grants_of, groups, has_role, list_missing_rights
from orchestrator_cli.check_results import CheckResult, Grade
from orchestrator_cli.identity import operator_name
from orchestrator_cli.output import confirm, print_result, show, style_line


def access_results(connection: Connection) -> Iterator[CheckResult]:
    """Report each role that can read or write shared tables; a web role that can is a failed check.

    A web role may also have a way past its grants: a view or a function with its owner's rights.
    """
    is_open = False
    for role, of_role in groupby(read_access(connection), attrgetter("role")):
        tables = list(of_role)
        is_open |= tables[0].is_outsider
        yield _result_of(_name_of(role), tables)
    for view in list_web_views(connection):
        is_open = True
        does = " and ".join(["reads"] * view.reads + ["writes"] * view.writes)
        detail = f"{_name_of(view.role)} {does} {view.table_name} through the view {view.view_name}"
        fix = "Revoke the rights on the view, or give it security_invoker (Postgres 15): docs/database.md."
        yield CheckResult("access", Grade.BAD, detail, fix)
    for function in list_web_functions(connection):
        is_open = True
        names = f"which has its owner's rights and names {', '.join(function.table_names)}"
        detail = f"{_name_of(function.role)} may call {function.function_name}, {names}"
        fix = "Check what it shows and changes; else revoke EXECUTE on it, also from PUBLIC: docs/database.md."
        yield CheckResult("access", Grade.DOUBTFUL, detail, fix)
    for role, held in groupby(list_trigger_holders(connection), attrgetter("role")):
        names = ", ".join(holder.table_name for holder in held)
        detail = (
            f"{_name_of(role)} may add triggers to {names}, which run with the rights of each role that writes there"
        )
        fix = f"As the owner run REVOKE TRIGGER ON {names} FROM {role};"
        yield CheckResult("triggers", Grade.DOUBTFUL, detail, fix)
    if not is_schema_closed(connection):
        is_open = True
        detail = (
            "the schema orchestrator is open to a web role or to every role, or a role that uses it lacks functions"
        )
        yield CheckResult("access", Grade.BAD, detail, "Run `orchestrator migrate`.")
    if not is_open:
        yield CheckResult("access", Grade.GOOD, "no web role can read or write people and messages")


def role_results(connection: Connection) -> Iterator[CheckResult]:
    """Report whether this connection's role sees every row, and whether the functions' groups have their rights."""
    try:
        check_row_security(connection)
    except SettingsError as error:
        yield CheckResult("row level security", Grade.BAD, str(error))
    for role in groups():
        if not has_role(connection, role):
            detail = f"the group {role} does not exist: the functions have no small role to work with"
            fix = f"As an administrator run CREATE ROLE {role} NOLOGIN; then run `orchestrator migrate`."
            yield CheckResult("least privilege", Grade.DOUBTFUL, detail, fix)
        elif missing := list_missing_rights(connection, role):
            script = "; ".join(grant.as_string() for grant in grants_of(missing, role))
            detail = f"the group {role} lacks rights"
            yield CheckResult("least privilege", Grade.DOUBTFUL, detail, f"As the owner run {script};")


def close_tables(reason: str | None, *, yes: bool, as_json: bool) -> None:
    """Close the shared tables that this product created, after the operator has seen who would lose what.

    Args:
        reason: why, in the operator's words.

    Raises:
        SettingsError: no database is set.
        TableInUse: a lock on a table was not free; the tables before it are closed.
    """
    with psycopg.connect(load(MigrationSettings).url, autocommit=True) as connection:
        created = sorted(list_created_tables(connection))
        losses = {
            f"{_name_of(access.role)}, {access.table_name}": access.would_lose
            for access in read_access(connection)
            if access.would_lose
        }
        for holder in list_trigger_holders(connection, created):
            if not holder.is_outsider:  # an outsider loses everything
                losses.setdefault(f"{holder.role}, {holder.table_name}", []).append("TRIGGER")
        if not as_json:
            show(*(style_line("[yellow]{} would lose {}.[/]", who, ", ".join(what)) for who, what in losses.items()))
            show(*_tables_of_an_owner(created))
        if created and not yes:
            confirm(f"Close {', '.join(created)}? Other roles that hold a grant keep it.")
        if created:
            action = Action("doctor --close", ", ".join(created), reason=reason)
            record_action(connection, action, operator_name(), real_time())
        for table in created:
            close_created_table(connection, table)
    print_result({"closed": created, "lost": losses}, *(f"closed {table}" for table in created), as_json=as_json)


def _tables_of_an_owner(created: Iterable[str]) -> Iterator[str]:
    if others := [table for table in SHARED_TABLES if table not in created]:
        yield f"Not changed, because this product is not known to have created them: {', '.join(others)}."


def _result_of(name: str, tables: list[TableAccess]) -> CheckResult:
    reads = ", ".join(table.table_name for table in tables if table.reads)
    writes = ", ".join(table.table_name for table in tables if table.writes)
    detail = "; ".join([name + (f" reads {reads}" if reads else ""), *([f"writes {writes}"] if writes else [])])
    if not tables[0].is_outsider:
        return CheckResult("access", Grade.GOOD, detail)
    if not any(table.sees_all for table in tables):
        fix = "Check that the policies admit what the web may see."
        return CheckResult("access", Grade.DOUBTFUL, f"{detail}: rows that a policy admits", fix)
    fixes = []
    if any(table.would_lose for table in tables):
        fixes.append("Run `orchestrator doctor --close`.")
    elif any(table.is_ours for table in tables):
        fixes.append(f"Its rights come from a role that it is a member of: revoke that role from {name}.")
    if not all(table.is_ours for table in tables):
        fixes.append("Close the tables that are your own: docs/database.md.")
    return CheckResult("access", Grade.BAD, detail, " ".join(fixes))


def _name_of(role: str) -> str:
    return "every role (PUBLIC)" if role == "public" else role
