"""Classifies faults (G11): a fault of the surroundings, with its cause, or a record's own."""

from enum import StrEnum

import psycopg

from orchestrator.errors import ClockWrong, SecretUnreadable, SettingsError


class Cause(StrEnum):
    """What of the surroundings is at fault; the dimension of the metric `SurroundingFaults`."""

    DATABASE_AWAY = "database_away"
    DATABASE_FULL = "database_full"
    DATABASE_BUSY = "database_busy"
    DATABASE_READ_ONLY = "database_read_only"
    DATABASE_NOT_MIGRATED = "database_not_migrated"
    DATABASE_RIGHTS = "database_rights"
    DATABASE_REFUSAL = "database_refusal"
    SETTINGS = "settings"
    SECRETS = "secrets"
    CLOCK = "clock"
    AWS = "aws"
    NETWORK = "network"
    RUNTIME = "runtime"


# Only these classes of SQLSTATE can be a record's own fault: data exceptions and violated constraints.
_RECORD_CLASSES = ("22", "23")
# By SQLSTATE, or by its class, the first two characters (Postgres documentation, appendix A, "PostgreSQL Error Codes").
# docs/reliability.md has the same table in words.
_CAUSES = {
    "08": Cause.DATABASE_AWAY,  # connection exceptions
    "57": Cause.DATABASE_AWAY,  # shut down, crashed, starting up, idle session ended
    "58": Cause.DATABASE_AWAY,  # errors of the server's system
    "XX": Cause.DATABASE_AWAY,  # internal errors; poolers report their own under XX000
    "53": Cause.DATABASE_FULL,  # out of connections, memory or disk
    "40": Cause.DATABASE_BUSY,  # deadlocks, serialization failures
    "55": Cause.DATABASE_BUSY,  # lock not available
    "57014": Cause.DATABASE_BUSY,  # a statement or a lock took too long
    "25P04": Cause.DATABASE_BUSY,  # a transaction took too long
    "25P03": Cause.DATABASE_AWAY,  # the server ended a session that idled in a transaction
    "25": Cause.DATABASE_READ_ONLY,  # 25006: a replica, or a full disk at a provider
    "42501": Cause.DATABASE_RIGHTS,
    "28": Cause.DATABASE_RIGHTS,  # the login is refused
    "42": Cause.DATABASE_NOT_MIGRATED,  # missing tables, columns, functions
    "3D": Cause.DATABASE_NOT_MIGRATED,  # missing database
    "3F": Cause.DATABASE_NOT_MIGRATED,  # missing schema
    "26": Cause.DATABASE_AWAY,  # a prepared statement that the borrowed session does not have
}
# The first that fits counts.
_CAUSES_BY_TYPE: dict[type[BaseException], Cause] = {
    SecretUnreadable: Cause.SECRETS,
    SettingsError: Cause.SETTINGS,
    ClockWrong: Cause.CLOCK,
    OSError: Cause.NETWORK,
    ImportError: Cause.RUNTIME,
    MemoryError: Cause.RUNTIME,
}
# A record may alone meet one of these, such as the exception of an owner's trigger. It is not charged for it, and it
# does not keep the others of its batch from being processed.
MET_BY_SOME = frozenset({Cause.DATABASE_REFUSAL})


def cause_of(error: BaseException) -> Cause | None:
    """Find what of the surroundings caused an error.

    Returns:
        The cause; None for an error that can be a record's own: bad data, or a defect of our code.
    """
    if isinstance(error, psycopg.Error):
        return _cause_in_database(error)
    if _is_of_aws(error):
        return Cause.AWS
    return next((cause for kind, cause in _CAUSES_BY_TYPE.items() if isinstance(error, kind)), None)


def _cause_in_database(error: psycopg.Error) -> Cause | None:
    state = error.sqlstate
    if state is None:
        # The driver's own errors: it cannot connect, or the connection broke. The others are about the values.
        is_about_values = isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.IntegrityError)
        return None if is_about_values else Cause.DATABASE_AWAY
    if state[:2] in _RECORD_CLASSES:
        return None
    return next((_CAUSES[key] for key in (state, state[:2]) if key in _CAUSES), Cause.DATABASE_REFUSAL)


def _is_of_aws(error: BaseException) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, BotoCoreError | ClientError)
