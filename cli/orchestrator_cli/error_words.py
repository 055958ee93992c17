"""What an operator reads of an error that commands and the console expect."""

import re

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.errors import OrchestratorError

_OUT_OF_DATE = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction)
EXPECTED = (
    OrchestratorError,
    psycopg.OperationalError,
    BotoCoreError,
    ClientError,
    psycopg.errors.InsufficientPrivilege,
    *_OUT_OF_DATE,
)


def describe_error(error: Exception) -> str:
    """One of `EXPECTED` in words, with the fix."""
    match error:
        case psycopg.OperationalError():
            return f"The database cannot be reached: {str(error).splitlines()[0]}. Check DATABASE_URL."
        case BotoCoreError() | ClientError():
            return f"A request to AWS failed: {error}"
        case psycopg.errors.InsufficientPrivilege():
            return f"This command needs the role that owns the tables ({error.diag.message_primary}): docs/database.md."
        case psycopg.Error():
            # The context names a function where one of the owner's triggers failed, and no statement of ours.
            within = re.search(r"PL/pgSQL function (\S+)", error.diag.context or "")
            if within and not within[1].startswith("orchestrator."):
                return (
                    f"The database's own function {within[1]} failed: {error.diag.message_primary}. Correct or drop it."
                )
            return "The database is not up to date. Run `orchestrator migrate`."
    return str(error)
