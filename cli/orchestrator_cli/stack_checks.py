"""Checks our own parts for `orchestrator doctor`: settings, database and queues."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

import psycopg

from orchestrator.clock import clock_from_environment
from orchestrator.errors import OrchestratorError
from orchestrator.rules.inbound_marker import FRESH_FOR, READ_AFTER_GAP
from orchestrator.rules.local_time import format_time
from orchestrator.setting_values import Settings
from orchestrator.settings import (
    DatabaseSettings,
    DeliverSettings,
    DispatchSettings,
    EnqueueSettings,
    InboundSettings,
    PolicySettings,
    PublisherSettings,
    Stage,
    WebhookSettings,
    load,
)
from orchestrator.store.adoption import count_unadopted_messages
from orchestrator.store.conversation import NewestMarker, read_inbound_marker
from orchestrator.store.database import connect
from orchestrator.store.gauges import read_gauges
from orchestrator.store.migrate import read_unapplied_migrations
from orchestrator.store.old_senders import list_failing_number_triggers, list_old_senders
from orchestrator.store.people import ZoneFaults, list_unreadable_numbers, list_zone_faults
from orchestrator.store.stored_statements import missing_functions
from orchestrator.store.waits_for_users import UserWait, list_waits_for_users
from orchestrator_cli.access import access_results, role_results
from orchestrator_cli.ceiling_checks import ceiling_results, pause_results
from orchestrator_cli.check_results import CheckResult, Grade
from orchestrator_cli.connection import open_database
from orchestrator_cli.dead_letters import SourceQueue, dead_letter_url_of, is_set, queue_length, url_of
from orchestrator_cli.event_checks import event_results, key_results
from orchestrator_cli.old_sender_checks import number_trigger_results, old_sender_results

OLDEST_POSTGRES = 140_000
# People that a line of the report names.
MOST_LISTED = 5
# Per cent of the server's connections; the alarm in template.yaml has the same threshold.
MOST_CONNECTIONS = 80

# Secrets that serve more functions than need them, the optional secret that ends it, and why.
_OWN_SECRETS = (
    (
        "DATABASE_SECRET_ARN",
        "MIGRATION_SECRET_ARN",
        "Give migrate a database role of its own: no other one needs DDL.",
    ),
    (
        "TWILIO_SECRET_ARN",
        "TWILIO_SENDER_SECRET_ARN",
        "Send with an API key: the token then only checks signatures.",
    ),
)

_GROUPS: dict[str, type[Settings]] = {
    "publisher": PublisherSettings,
    "enqueue": EnqueueSettings,
    "dispatch": DispatchSettings,
    "deliver": DeliverSettings,
    "webhook": WebhookSettings,
    "inbound": InboundSettings,
}


def check_pauses() -> Iterator[CheckResult]:
    """Check what is paused, before everything else. A database that does not answer has a check of its own."""
    results: list[CheckResult] = []
    with suppress(OrchestratorError, psycopg.Error), open_database() as (connection, clock):
        results = list(pause_results(connection, clock()))
    yield from results


def check_settings() -> Iterator[CheckResult]:
    """Check that each function would start with these settings, and report which numbers they let it text."""
    problems: dict[str, list[str]] = {}
    for name, group in _GROUPS.items():
        try:
            load(group)
        except OrchestratorError as error:
            for problem in str(error).splitlines():
                problems.setdefault(problem, []).append(name)
    for problem, names in problems.items():
        variable, _, fault = problem.partition(": ")
        detail = f"{fault.partition('.')[0]} (used by {', '.join(names)})"
        yield CheckResult(variable, Grade.BAD, detail, "See .env.example, or use --stack.")
    if not problems:
        yield CheckResult("settings", Grade.GOOD, f"complete for {', '.join(_GROUPS)}")
    yield from key_results()
    try:
        policy = load(PolicySettings)
    except OrchestratorError:
        return  # reported above
    if os.environ.get("OLD_SENDER_IS_GONE", "false").lower() == "true":
        fix = "Remove it: an old sender is gone when the line `old sender` is."
        yield CheckResult("OLD_SENDER_IS_GONE", Grade.DOUBTFUL, "is ignored", fix)
    if policy.recipient_allowlist:
        detail = f"only {len(policy.recipient_allowlist)} numbers can be texted"
        yield CheckResult("recipients", Grade.DOUBTFUL, detail, "In production, leave RECIPIENT_ALLOWLIST empty.")
    elif policy.stage is not Stage.PROD:
        detail = f"stage {policy.stage}: no number can be texted"
        yield CheckResult("recipients", Grade.DOUBTFUL, detail, "Add your own number to RECIPIENT_ALLOWLIST.")
    else:
        countries = ", ".join(sorted(policy.allowed_countries))
        yield CheckResult("recipients", Grade.GOOD, f"every number in {countries} can be texted")


def check_secrets() -> Iterator[CheckResult]:
    """Check that no secret serves more functions than need it."""
    for shared, own, fix in _OWN_SECRETS:
        if os.environ.get(shared) and not os.environ.get(own):
            detail = f"{own} is not set: {shared} serves instead"
            yield CheckResult("least privilege", Grade.DOUBTFUL, detail, f"{fix} See docs/deploy.md, step 2.")


def check_database() -> Iterator[CheckResult]:
    """Check Postgres: that it answers, version, schema, connections, old senders, targets, access."""
    try:
        url = load(DatabaseSettings).database_url.get_secret_value()
    except OrchestratorError as error:
        yield CheckResult("database", Grade.SKIPPED, str(error))
        return
    try:
        with connect(url) as connection:
            version = connection.info.server_version
            if version < OLDEST_POSTGRES:
                yield CheckResult("database", Grade.BAD, f"Postgres {version // 10_000}", "Use Postgres 14 or newer.")
                return
            yield CheckResult("database", Grade.GOOD, f"Postgres {version // 10_000} answers")
            missing = len(read_unapplied_migrations(connection)) or len(missing_functions(connection))
            if missing:
                detail = f"{missing} migrations or stored statements missing"
                yield CheckResult("schema", Grade.BAD, detail, "Run `orchestrator migrate`.")
                return
            yield CheckResult("schema", Grade.GOOD, "up to date")
            (now,) = connection.execute("SELECT now()").fetchone() or (None,)
            assert now is not None  # the statement returns one row
            used = read_gauges(connection, now).connections
            if used > MOST_CONNECTIONS:
                fix = "See docs/runbook.md, Database connections."
                yield CheckResult("connections", Grade.DOUBTFUL, f"{used:.0f} % in use", fix)
            else:
                yield CheckResult("connections", Grade.GOOD, f"{used:.0f} % in use")
            yield from _check_inbound(read_inbound_marker(connection))
            yield from number_results(list_unreadable_numbers(connection, MOST_LISTED + 1))
            yield from zone_results(list_zone_faults(connection, MOST_LISTED + 1))
            yield from old_sender_results(list_old_senders(connection))
            if rows := count_unadopted_messages(connection):
                fix = "Look at `orchestrator adopt`: another sender or a person wrote them, and we send none of them."
                yield CheckResult("rows of others", Grade.DOUBTFUL, f"{rows} wait in message_queue", fix)
            yield from user_wait_results(list_waits_for_users(connection, clock_from_environment()(), MOST_LISTED + 1))
            yield from number_trigger_results(list_failing_number_triggers(connection))
            yield from ceiling_results(connection, clock_from_environment()())
            yield from event_results(connection, clock_from_environment()())
            yield from role_results(connection)
            yield from access_results(connection)
    except psycopg.OperationalError as error:
        fix = "Check the address, the password and the network."
        yield CheckResult("database", Grade.BAD, str(error).splitlines()[0], fix)


def _check_inbound(marker: NewestMarker | None) -> Iterator[CheckResult]:
    """Check that what people write is read: while it may not be, nothing is sent (R11)."""
    if marker is None:
        detail = "no marker was put on the inbound queue yet: an outage would hold nothing"
        fix = "Let `dispatch` and `inbound` run; set INBOUND_QUEUE_URL where another program runs the ticks."
        yield CheckResult("inbound texts", Grade.DOUBTFUL, detail, fix)
    elif marker.age > FRESH_FOR:
        minutes = marker.age // timedelta(minutes=1)
        detail = f"not read for {minutes} minutes: nothing is sent, for a STOP may be among them"
        fix = "See the errors of the functions `inbound` and `dispatch`; docs/runbook.md, Oldest due message."
        yield CheckResult("inbound texts", Grade.BAD, detail, fix)
    elif marker.holds_everything:
        minutes = READ_AFTER_GAP // timedelta(minutes=1)
        detail = f"read again, for less than {minutes} minutes: deliveries begin after that"
        yield CheckResult("inbound texts", Grade.DOUBTFUL, detail, "Wait. If it stays, see the errors of `inbound`.")
    else:
        yield CheckResult("inbound texts", Grade.GOOD, "read as they come")


def number_results(unreadable: Sequence[str]) -> Iterator[CheckResult]:
    """What `doctor` and `adopt` report of stored numbers that cannot be read."""
    if unreadable:
        names = ", ".join(unreadable[:MOST_LISTED]) + (" and more" if len(unreadable) > MOST_LISTED else "")
        fix = "Correct each with `orchestrator user set PERSON --phone`; their messages wait until then."
        yield CheckResult("phone numbers", Grade.DOUBTFUL, f"cannot be read: {names}", fix)


def user_wait_results(waits: Sequence[UserWait]) -> Iterator[CheckResult]:
    """What `doctor` reports of messages whose person is not known yet."""
    if waits:
        names = ", ".join(f"{w.message_id} ({w.agent_id or 'no agent'})" for w in waits[:MOST_LISTED])
        more = " and more" if len(waits) > MOST_LISTED else ""
        detail = f"messages wait for their users until {format_time(waits[0].until)} and later: {names}{more}"
        fix = "Create each person with `orchestrator user add`, or correct the agent's user_id."
        yield CheckResult("unknown people", Grade.DOUBTFUL, detail, fix)


def zone_results(faults: ZoneFaults) -> Iterator[CheckResult]:
    """What `doctor` and `adopt` report of people's zones (R3)."""
    fix = "Set each with `orchestrator user set PERSON --zone America/New_York`, or in `users.timezone`."
    if faults.no_places:
        names = ", ".join(f"{name or 'empty'} ({people})" for name, people in [*faults.no_places.items()][:MOST_LISTED])
        more = " and more" if len(faults.no_places) > MOST_LISTED else ""
        detail = (
            f"stored names that are no place, with the people who have them: {names}{more}; their numbers' zones count"
        )
        yield CheckResult("zones", Grade.DOUBTFUL, detail, fix)
    if faults.zoneless:
        names = ", ".join(faults.zoneless[:MOST_LISTED]) + (" and more" if len(faults.zoneless) > MOST_LISTED else "")
        detail = f"none is known of {names}: the number lies in no place, and the texts wait"
        yield CheckResult("zones", Grade.DOUBTFUL, detail, fix)


def check_queues() -> Iterator[CheckResult]:
    """Check that each queue exists, has a dead-letter queue, and that this is empty."""
    from botocore.exceptions import BotoCoreError, ClientError

    for queue in SourceQueue:
        what = f"{queue} queue"
        if not is_set(queue):
            yield CheckResult(what, Grade.SKIPPED, f"{queue.variable} is not set")
            continue
        try:
            waiting, dead = queue_length(url_of(queue)), queue_length(dead_letter_url_of(queue))
        except (BotoCoreError, ClientError, OrchestratorError) as error:
            fix = f"Check {queue.variable}, AWS_REGION and your AWS credentials."
            yield CheckResult(what, Grade.BAD, str(error), fix)
            continue
        if dead:
            fix = f"See `orchestrator dlq show {queue}`."
            yield CheckResult(what, Grade.DOUBTFUL, f"{dead} dead letters", fix)
        else:
            yield CheckResult(what, Grade.GOOD, f"{waiting} waiting, no dead letters")
