"""The doctor looks inside: settings, database, queues."""

from collections.abc import Iterator

import psycopg

from orchestrator.errors import OrchestratorError
from orchestrator.settings import (
    DatabaseSettings,
    DeliverSettings,
    DispatchSettings,
    EnqueueSettings,
    InboundSettings,
    PolicySettings,
    PublisherSettings,
    Settings,
    Stage,
    WebhookSettings,
    load,
)
from orchestrator.store.adoption import old_triggers
from orchestrator.store.database import connect
from orchestrator.store.gauges import read_gauges
from orchestrator.store.migrate import pending
from orchestrator.store.stored_statements import missing_functions
from orchestrator_cli.dead_letters import DeadLetterQueue, dead_letter_url_of, is_set, length, url_of
from orchestrator_cli.findings import Finding, bad, doubtful, good, skipped

OLDEST_POSTGRES = 140_000
# Of the server's connections; the alarm fires there, too.
MOST_CONNECTIONS = 80

_GROUPS: dict[str, type[Settings]] = {
    "publisher": PublisherSettings,
    "enqueue": EnqueueSettings,
    "dispatch": DispatchSettings,
    "deliver": DeliverSettings,
    "webhook": WebhookSettings,
    "inbound": InboundSettings,
}


def look_at_settings() -> Iterator[Finding]:
    """Whether each function would start with these settings, and whom they let it text."""
    problems: dict[str, list[str]] = {}
    for name, group in _GROUPS.items():
        try:
            load(group)
        except OrchestratorError as error:
            for problem in str(error).splitlines():
                problems.setdefault(problem, []).append(name)
    for problem, names in problems.items():
        variable, _, fault = problem.partition(": ")
        yield bad(variable, f"{fault.partition('.')[0]} (for {', '.join(names)})", "See .env.example, or use --stack.")
    if not problems:
        yield good("settings", f"complete for {', '.join(_GROUPS)}")
    try:
        policy = load(PolicySettings)
    except OrchestratorError:
        return  # told above
    if policy.recipient_allowlist:
        yield doubtful(
            "recipients",
            f"only {len(policy.recipient_allowlist)} numbers are ever texted",
            "In production, empty RECIPIENT_ALLOWLIST.",
        )
    elif policy.stage is not Stage.PROD:
        yield doubtful(
            "recipients", f"stage {policy.stage}: nobody is texted", "Name your own number in RECIPIENT_ALLOWLIST."
        )
    else:
        yield good("recipients", f"everybody in {', '.join(sorted(policy.allowed_countries))}")


def look_at_database() -> Iterator[Finding]:
    """Whether it answers, is new enough and up to date, and has connections left."""
    try:
        url = load(DatabaseSettings).database_url.get_secret_value()
    except OrchestratorError as error:
        yield skipped("database", str(error))
        return
    try:
        with connect(url) as connection:
            version = connection.info.server_version
            if version < OLDEST_POSTGRES:
                yield bad("database", f"Postgres {version // 10_000}", "Use Postgres 14 or newer.")
                return
            yield good("database", f"Postgres {version // 10_000} answers")
            missing = len(pending(connection)) or len(missing_functions(connection))
            if missing:
                yield bad("schema", f"{missing} migrations or statements are missing", "Run `orchestrator migrate`.")
                return
            yield good("schema", "up to date")
            (now,) = connection.execute("SELECT now()").fetchone() or (None,)
            assert now is not None  # a row of one value
            used = read_gauges(connection, now).connections
            if used > MOST_CONNECTIONS:
                yield doubtful("connections", f"{used:.0f} % in use", "See the runbook, database connections.")
            else:
                yield good("connections", f"{used:.0f} % in use")
            for trigger in old_triggers(connection):
                yield doubtful(
                    "old sender", f"trigger {trigger} on messages", "Drop it once that sender is off: docs/cutover.md."
                )
    except psycopg.OperationalError as error:
        yield bad("database", str(error).splitlines()[0], "Check the address, the password and the network.")


def look_at_queues() -> Iterator[Finding]:
    """Whether each queue is there, has a dead-letter queue, and what lies in that."""
    from botocore.exceptions import BotoCoreError, ClientError

    for queue in DeadLetterQueue:
        what = f"{queue} queue"
        if not is_set(queue):
            yield skipped(what, f"{queue.variable} is not set")
            continue
        try:
            waiting, dead = length(url_of(queue)), length(dead_letter_url_of(queue))
        except (BotoCoreError, ClientError, OrchestratorError) as error:
            yield bad(what, str(error), f"Check {queue.variable}, AWS_REGION and who you are on AWS.")
            continue
        if dead:
            yield doubtful(what, f"{dead} dead letters", f"Look: `orchestrator dlq show {queue}`.")
        else:
            yield good(what, f"{waiting} waiting, no dead letters")
