"""What an operator reads of an error that commands and the console expect."""

import re

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.aws.faults import Cause, cause_of
from orchestrator.errors import OrchestratorError

_OUT_OF_DATE = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction)
EXPECTED = (
    OrchestratorError,
    psycopg.OperationalError,
    BotoCoreError,
    ClientError,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ReadOnlySqlTransaction,
    *_OUT_OF_DATE,
)
# What the database answered where it was reached.
_BY_CAUSE = {
    Cause.DATABASE_BUSY: "The database did not finish in time",
    Cause.DATABASE_FULL: "The database is out of connections, memory or disk",
    Cause.DATABASE_READ_ONLY: "The database is read-only",
}


def describe_error(error: Exception) -> str:
    """One of `EXPECTED` in words, with the fix."""
    match error:
        case psycopg.Error():
            return _describe_answer(error)
        case BotoCoreError() | ClientError():
            return f"A request to AWS failed: {error}"
    return str(error)


def _describe_answer(error: psycopg.Error) -> str:
    """What the database answered, or that it cannot be reached."""
    cause, answer = cause_of(error), str(error).partition("\n")[0]
    if cause in _BY_CAUSE:
        return f"{_BY_CAUSE[cause]}: {answer}. Try again; docs/runbook.md, Faults of the surroundings."
    match error:
        case psycopg.OperationalError():
            return f"The database cannot be reached: {answer}. Check DATABASE_URL."
        case psycopg.errors.InsufficientPrivilege():
            return f"This command needs the role that owns the tables ({answer}): docs/database.md."
    # The context names a function where one of the owner's triggers failed, and no statement of ours.
    within = re.search(r"PL/pgSQL function (\S+)", error.diag.context or "")
    if within and not within[1].startswith("orchestrator."):
        return f"The database's own function {within[1]} failed: {answer}. Correct or drop it."
    return "The database is not up to date. Run `orchestrator migrate`."
