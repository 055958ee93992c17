"""The database roles of the functions: groups with the rights that they need, and no others.

They have no login. An owner makes the login of `DATABASE_URL` a member of `orchestrator_runtime`, and that of the query
function's own secret one of `orchestrator_query`, which only reads; `docs/database.md` explains how.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from psycopg import Connection, errors
from psycopg.rows import class_row
from psycopg.sql import SQL, Composed, Identifier

from orchestrator.store.access import close_schema
from orchestrator.store.stored_statements import read_statement

ROLE = "orchestrator_runtime"
# Each table, the rights on it, and what needs them. An operator's commands need more, and run as the tables' owner.
RIGHTS: dict[str, tuple[tuple[str, ...], str]] = {
    "public.users": (
        ("SELECT", "UPDATE (last_active_at)"),
        "finds and locks people, and records when one wrote; numbers and names are an owner's to change",
    ),
    "public.conversations": (("SELECT", "INSERT", "UPDATE"), "opens conversations, and records their last text"),
    "public.messages": (
        ("SELECT", "INSERT", "UPDATE"),
        "stores texts and delivery, takes agents' replies, clears old words",
    ),
    "public.message_queue": (("SELECT", "INSERT", "UPDATE"), "accepts messages, decides on them, clears old words"),
    "public.user_message_budget": (("SELECT", "INSERT", "UPDATE"), "reads limits and counts texts"),
    "public.agent_tasks": (("SELECT", "INSERT", "UPDATE"), "asks agents to reformulate, clears old words"),
    "public.agent_actions_log": (("SELECT", "INSERT"), "logs calls to Claude, and sums their cost"),
    "orchestrator.agent_rates": (("SELECT", "INSERT", "UPDATE", "DELETE"), "counts what agents publish, for 90 days"),
    "orchestrator.agents": (("SELECT",), "obeys the settings of agents, which operators write"),
    "orchestrator.answer_curves": (("SELECT", "INSERT", "UPDATE"), "learns everybody's hours, and chooses by them"),
    "orchestrator.answer_hours": (("SELECT", "INSERT", "UPDATE"), "learns people's hours, and chooses by them"),
    "orchestrator.answer_progress": (("SELECT", "INSERT", "UPDATE"), "knows which texts were learned from"),
    "orchestrator.answer_results": (("SELECT", "INSERT", "UPDATE"), "sums what came of learned hours"),
    "orchestrator.approvals": (("SELECT",), "sends the words that operators approved, and approves none"),
    "orchestrator.attempts": (("SELECT", "INSERT", "UPDATE"), "records each call to Twilio, and what became of it"),
    "orchestrator.consents": (("SELECT", "INSERT"), "adds to the ledger of consents, and obeys it"),
    "orchestrator.created_tables": (("SELECT",), "`doctor` names the shared tables that this product created"),
    "orchestrator.event_bus": (("SELECT", "INSERT", "DELETE"), "follows the setting of the event bus"),
    "orchestrator.events": (("SELECT", "INSERT", "UPDATE", "DELETE"), "the outbox"),
    "orchestrator.forgotten_opt_outs": (("SELECT", "DELETE"), "honours deleted people's opt-outs, until START"),
    "orchestrator.former_webhook_read": (("SELECT", "INSERT", "UPDATE"), "knows which texts of others are classified"),
    "orchestrator.inbound_marker": (("SELECT", "INSERT", "UPDATE"), "knows whether what people write is read"),
    "orchestrator.inbound_texts": (("SELECT", "INSERT", "UPDATE"), "counts one Twilio message id once"),
    "orchestrator.known_agents": (
        ("SELECT", "INSERT"),
        "knows which agents the start limit exempts",
    ),
    "orchestrator.kept_words": (("SELECT", "INSERT", "DELETE"), "keeps the words of texts as evidence, for its time"),
    "orchestrator.legal_holds": (("SELECT",), "deletes nothing of people under a legal hold"),
    "orchestrator.left_alone": (("SELECT", "INSERT"), "leaves rows to another sender, for good"),
    "orchestrator.media": (("SELECT", "INSERT", "DELETE"), "stores media of texts, for as long as words"),
    "orchestrator.number_checks": (("SELECT", "INSERT", "UPDATE"), "stores what Twilio answered about numbers"),
    "orchestrator.numbers": (("SELECT", "INSERT", "UPDATE", "DELETE"), "knows which numbers get no texts"),
    "orchestrator.old_sender_seen": (("SELECT", "INSERT", "DELETE"), "knows whether another sender was there last"),
    "orchestrator.operator_actions": (("SELECT", "INSERT"), "records what operators did, which nothing alters"),
    "orchestrator.opt_outs": (("SELECT", "INSERT", "UPDATE"), "stores STOP and START"),
    "orchestrator.pace": (("SELECT", "UPDATE"), "keeps the sender's pace"),
    "orchestrator.pauses": (("SELECT", "INSERT", "UPDATE", "DELETE"), "obeys pauses; starts and ends those of outages"),
    "orchestrator.readings": (("SELECT", "INSERT", "UPDATE"), "classifies what people write"),
    "orchestrator.rejections": (("SELECT", "INSERT", "DELETE"), "records rejections, for 90 days"),
    "orchestrator.relevance": (("SELECT", "INSERT", "UPDATE"), "stores verdicts, and clears their words"),
    "orchestrator.reply_targets": (("SELECT", "INSERT", "DELETE"), "follows the settings of where events go"),
    "orchestrator.schema_migrations": (("SELECT",), "`doctor` reports what is not migrated"),
    "orchestrator.spending": (("SELECT",), "sums what was spent before the shards"),
    "orchestrator.spending_shards": (("SELECT", "INSERT", "UPDATE"), "sums what is spent, for the ceilings"),
    "orchestrator.strangers": (("SELECT", "INSERT", "DELETE"), "keeps texts of unknown senders, for as long as words"),
    "orchestrator.timeline": (("SELECT", "INSERT"), "records holds and ends, which nothing alters"),
    "orchestrator.topic_withdrawals": (("SELECT", "INSERT", "UPDATE", "DELETE"), "withdrawals of a topic, for 90 days"),
    "orchestrator.waits_for_users": (("SELECT", "INSERT", "DELETE"), "names messages of unknown users, for 90 days"),
    "orchestrator.withdrawals": (("SELECT", "INSERT", "DELETE"), "withdrawals of a message, for 90 days"),
}

# What the query function reads. It writes nothing.
QUERY_ROLE = "orchestrator_query"
QUERY_RIGHTS: dict[str, tuple[tuple[str, ...], str]] = {
    table: (("SELECT",), why)
    for table, why in {
        "public.users": "finds people, and what the rules need to know of them",
        "public.conversations": "checks whose conversation a previewed message names",
        "public.messages": "reads what people wrote, and which texts arrived",
        "public.message_queue": "reads what became of messages",
        "public.user_message_budget": "reads limits and counts of texts",
        "orchestrator.agent_rates": "knows which agents are counted together",
        "orchestrator.agents": "obeys the settings of agents",
        "orchestrator.answer_curves": "chooses hours by what is learned of everybody",
        "orchestrator.answer_hours": "chooses hours by what is learned of a person",
        "orchestrator.attempts": "counts texts, and knows which text a reply answers",
        "orchestrator.consents": "obeys consents and revocations",
        "orchestrator.inbound_marker": "knows whether what people write is read",
        "orchestrator.known_agents": "knows which agents the start limit exempts",
        "orchestrator.left_alone": "leaves out the texts of another sender",
        "orchestrator.numbers": "knows which numbers get no texts",
        "orchestrator.opt_outs": "obeys STOP",
        "orchestrator.pauses": "obeys pauses",
        "orchestrator.readings": "knows what people's texts were taken for",
        "orchestrator.rejections": "reads why a message was rejected",
        "orchestrator.timeline": "reads what a hold or an end rests on",
        "orchestrator.waits_for_users": "knows which messages wait for their user",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Right:
    """One right of a role; `table_name` is null for the use of the schema."""

    schema_name: str
    table_name: str | None
    privilege: str


def groups() -> dict[str, dict[str, tuple[tuple[str, ...], str]]]:
    """The rights of each group by its name, the functions' group first."""
    return {ROLE: RIGHTS, QUERY_ROLE: QUERY_RIGHTS}


def has_role(connection: Connection, role: str) -> bool:
    """Whether this server has a role. Databases of one server share it."""
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def list_missing_rights(connection: Connection, role: str) -> list[Right]:
    """List the rights that a group lacks in this database; empty where there is no such role."""
    with connection.cursor(row_factory=class_row(Right)) as cursor:
        rights = [(table, privilege) for table, (privileges, _) in groups()[role].items() for privilege in privileges]
        tables, privileges = zip(*rights, strict=True)
        parameters = {"role": role, "tables": list(tables), "privileges": list(privileges)}
        return cursor.execute(read_statement("list_missing_rights").encode(), parameters).fetchall()


def grant_rights(connection: Connection) -> None:
    """Make the groups where this connection's role may, and grant them what they lack.

    Where it may not, the functions work with another role, and `doctor` prints what an administrator has to run.
    """
    for role in groups():
        # Databases of one server share roles, and another one may be migrated at the same moment.
        with suppress(errors.DuplicateObject, errors.UniqueViolation, errors.InsufficientPrivilege):
            if not has_role(connection, role):
                connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(role)))
        with suppress(errors.InsufficientPrivilege), connection.transaction():
            for grant in grants_of(list_missing_rights(connection, role), role):
                connection.execute(grant)
    close_schema(connection)  # it grants the functions of the schema to the roles that use it


def grants_of(rights: list[Right], role: str) -> Iterator[Composed]:
    """The statements that grant these rights to a group, one for each schema and table."""
    for (schema, table), of_table in groupby(rights, attrgetter("schema_name", "table_name")):
        granted = SQL(", ".join(right.privilege for right in of_table))
        on = Identifier(schema, table) if table else SQL("SCHEMA {}").format(Identifier(schema))
        yield SQL("GRANT {} ON {} TO {}").format(granted, on, Identifier(role))
