"""`make demo`: agents publish, the orchestrator decides, and phones receive, on one machine.

The demo ends when every message ended as it should, and fails when one did not.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from orchestrator import MessageOrchestrator
from orchestrator.errors import OrchestratorError
from orchestrator.people import find_zone, parse_number, zones_of_number
from orchestrator.rules.reasons import Status
from orchestrator.settings import PolicySettings
from orchestrator.store.database import connect
from orchestrator.store.people import add_user
from orchestrator_local.demo_messages import (
    AFTER_STOP,
    DANA,
    DEMO_PEOPLE,
    EVE,
    MATCH,
    OPENING_MESSAGES,
    REMINDER,
    SOLUTION_UPDATE,
    DemoMessage,
    DemoPerson,
    fields_of,
)
from orchestrator_local.services import Services, services_from, shell_environment
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack, local_stack

FOLDER = Path(".local/demo")
# The demo waits at most this many seconds for each step.
STEP_SECONDS = 60
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def main() -> int:
    """Run the demo; returns the exit code."""
    console = Console(highlight=False)
    environment = shell_environment()
    services = services_from(environment)
    console.print(Panel.fit("[bold]The Message Orchestrator[/]: several agents, one phone, one decision per text"))
    started = time.monotonic()
    start_at = None if services.any_real else _early_in_los_angeles()
    try:
        with local_stack(FOLDER, services, fresh=True, start_at=start_at) as stack:
            _print_start(console, stack, services, time.monotonic() - started)
            # The publishing client needs only these variables, as an agent's does.
            os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
            with connect(stack.database_url) as connection:
                if services.any_real:
                    return _run_with_real_services(console, stack, connection, environment)
                return _run_with_stand_ins(console, stack, connection)
    except OrchestratorError as error:
        console.print(f"[red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped. Every process was ended.")
        return 130


def _early_in_los_angeles() -> datetime:
    """Tomorrow at 07:30 in Los Angeles. Quiet hours still hold there, and it is 10:30 in New York."""
    tomorrow = datetime.now(LOS_ANGELES) + timedelta(days=1)
    return tomorrow.replace(hour=7, minute=30, second=0, microsecond=0).astimezone(UTC)


def _print_start(console: Console, stack: Stack, services: Services, seconds: float) -> None:
    console.print(
        f"Started in {seconds:.1f} s: Postgres, SQS, and {len(stack.functions)} functions under AWS's runtime client."
    )
    real, stand_in = f"[bold red]real[/], for {services.phone} only", "a stand-in on this machine"
    console.print(
        f"Twilio is {real if services.twilio else stand_in}; Claude is {real if services.anthropic_key else stand_in}."
    )


def _run_with_stand_ins(console: Console, stack: Stack, connection: Connection) -> int:
    """Play the whole demo for the people of the demo; returns the exit code."""
    ids = {person: _add_person(connection, person, stack.clock()) for person in DEMO_PEOPLE}
    connection.execute(
        "INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at) VALUES (%s, %s, 'demo', %s)",
        (DANA.phone, ids[DANA], stack.clock()),
    )
    _print_people(console, stack)
    messages = list(OPENING_MESSAGES)
    orchestrator = MessageOrchestrator()
    watch = _Watch(console, stack, connection)
    console.rule("Agents publish")
    for message in messages:
        _publish(orchestrator, message, watch)
    watch.until(lambda: watch.row_count() == len(messages))
    console.rule("Dispatch, each minute: messages that are due go to delivery")
    _dispatch(console, stack)
    watch.until(watch.is_idle)
    for hour, minute, event in ((8, 0, "quiet hours end"), (10, 30, "people usually answer")):
        moment = stack.clock().astimezone(LOS_ANGELES).replace(hour=hour, minute=minute, second=0, microsecond=0)
        stack.clock_to_move().set(moment.astimezone(UTC))
        console.rule(f"The clock moves to {hour:02}:{minute:02} in Los Angeles, when {event}")
        _dispatch(console, stack)
        watch.until(watch.is_idle)
    messages += _play_conversation(console, stack, orchestrator, watch)
    _print_phones(console, stack)
    return _print_summary(console, watch, messages)


def _play_conversation(
    console: Console, stack: Stack, orchestrator: MessageOrchestrator, watch: "_Watch"
) -> list[DemoMessage]:
    """Eve writes, so a waiting message comes forward. Then she opts out. Returns the messages in order."""
    console.rule("A person writes")
    match_id = _publish(orchestrator, MATCH, watch)
    watch.until(lambda: match_id in watch.states)
    _write(console, stack, "Anything new for me?")
    watch.until(lambda: watch.status(match_id) == Status.SENT)
    orchestrator.reply(user_id=EVE.external_id, content="Shall I introduce you?", agent_id="concierge_main")
    console.print(f"  [cyan]{'replied':10}[/] an agent answers Eve (past limits and quiet hours)")
    watch.until(lambda: len([text for text in stack.phones.texts if text.to == EVE.phone]) == 2)
    later = {"scheduled_for": (stack.clock() + timedelta(hours=2)).isoformat()}
    reminder_id = _publish(orchestrator, replace(REMINDER, fields={**REMINDER.fields, **later}), watch)
    watch.until(lambda: reminder_id in watch.states)
    _write(console, stack, "STOP")
    watch.until(lambda: watch.status(reminder_id) == Status.CANCELLED)
    last_id = _publish(orchestrator, AFTER_STOP, watch)
    watch.until(lambda: watch.status(last_id) == Status.CANCELLED)
    return [MATCH, REMINDER, AFTER_STOP]


def _publish(orchestrator: MessageOrchestrator, message: DemoMessage, watch: "_Watch") -> UUID:
    message_id = orchestrator.queue_message(user_id=message.person.external_id, **message.fields)
    watch.follow(message_id, message.title, message.person)
    if message.is_withdrawn:
        orchestrator.withdraw(message_id=message_id)
    return message_id


def _write(console: Console, stack: Stack, text: str) -> None:
    console.print(f"  [bold]Eve writes[/] “{text}”")
    stack.write(EVE.phone, text)


def _run_with_real_services(console: Console, stack: Stack, connection: Connection, environment: dict[str, str]) -> int:
    """Send two messages to `DEMO_PHONE`; returns the exit code."""
    policy = PolicySettings()
    phone = parse_number(environment["DEMO_PHONE"], policy.allowed_countries)
    zone = environment.get("DEMO_TIMEZONE") or next((zone.key for zone in zones_of_number(phone)), "")
    you = DemoPerson("user_you", environment.get("DEMO_NAME", "there"), phone, zone)
    _add_person(connection, you, stack.clock())
    watch = _Watch(console, stack, connection)
    orchestrator = MessageOrchestrator()
    hello = {"type": "hello", "message": "Hello from your orchestrator."}
    for title, fields in (
        ("message with its own words", fields_of("system", hello, "high")),
        ("solution update", fields_of("solution_saga", SOLUTION_UPDATE, "high")),
    ):
        watch.follow(orchestrator.queue_message(user_id="user_you", **fields), title, you)
    watch.until(lambda: watch.row_count() == 2)
    _dispatch(console, stack)
    watch.until(watch.is_idle)
    good = all(_is_sent_or_held(status, reason) for status, reason, _ in watch.final_states())
    console.print(
        "Each message was sent, or waits for the reason and time above."
        if good
        else "[red]A message was not sent, and no rule holds it. See above.[/]"
    )
    return 0 if good else 1


def _is_sent_or_held(status: str, reason: str | None) -> bool:
    """Whether a message was sent, or a rule holds it. A hold because of Twilio or our account is a failure."""
    held_by_rule = status == Status.QUEUED and reason is not None and not reason.startswith("provider_")
    return status == Status.SENT or held_by_rule


def _add_person(connection: Connection, person: DemoPerson, now: datetime) -> UUID:
    limit = {} if person.daily_limit is None else {"daily_limit": person.daily_limit}
    return add_user(connection, {**person.columns, **limit}, now)


def _print_people(console: Console, stack: Stack) -> None:
    table = Table("person", "phone", "zone", "local time", title="People", title_justify="left")
    for person in DEMO_PEOPLE:
        table.add_row(person.name, person.phone, person.zone, _local(stack.clock(), person.zone))
    console.print(table)


def _dispatch(console: Console, stack: Stack) -> None:
    report = stack.tick()
    lanes = ", ".join(f"{number} {lane}" for lane, number in report["handed_over"].items() if number)
    console.print(f"  {'dispatch':10} handed over: {lanes or 'nothing'}")


class _Watch:
    """Follows messages in the database, and prints each change of their state.

    Attributes:
        states: status, reason and due time of each message that is a row by now.
    """

    def __init__(self, console: Console, stack: Stack, connection: Connection) -> None:
        self._console = console
        self._stack = stack
        self._connection = connection
        self._titles: dict[UUID, tuple[str, DemoPerson]] = {}
        self.states: dict[UUID, tuple[str, str | None, datetime]] = {}

    def follow(self, message_id: UUID, title: str, person: DemoPerson) -> None:
        self._titles[message_id] = (title, person)
        self._console.print(f"  [cyan]{'published':10}[/] {title} → {person.name}")

    def row_count(self) -> int:
        """The number of messages that are rows."""
        return len(self.states)

    def status(self, message_id: UUID) -> str | None:
        """The status of one message; None while it is no row."""
        return self.states[message_id][0] if message_id in self.states else None

    def final_states(self) -> list[tuple[str, str | None, datetime]]:
        """The last state of each message, in the order of publication."""
        missing = ("lost", None, self._stack.clock())
        return [self.states.get(message_id, missing) for message_id in self._titles]

    def is_idle(self) -> bool:
        """Whether no message is on its way, and none is due."""
        now = self._stack.clock()
        return not any(
            status in (Status.APPROVED, Status.SENDING) or (status == Status.QUEUED and due <= now)
            for status, _, due in self.states.values()
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """Print changes until the condition is true, or `STEP_SECONDS` passed."""
        deadline = time.monotonic() + STEP_SECONDS
        while time.monotonic() < deadline:
            self._read()
            if condition():
                return
            time.sleep(0.05)

    def _read(self) -> None:
        rows = self._connection.execute(
            "SELECT id, status, reason, scheduled_for FROM message_queue WHERE id = ANY (%s)", (list(self._titles),)
        )
        for message_id, status, reason, due in rows:
            state = (status, reason, due)
            if self.states.get(message_id) != state:
                self.states[message_id] = state
                self._print(message_id, status, reason, due)

    def _print(self, message_id: UUID, status: str, reason: str | None, due: datetime) -> None:
        title, person = self._titles[message_id]
        why = _shown_reason(status, reason)
        until = f" until {_local(due, person.zone)}" if status == Status.QUEUED and reason else ""
        colour = {"sent": "green", "queued": "yellow", "cancelled": "magenta", "failed": "red"}.get(status, "blue")
        self._console.print(f"  [{colour}]{status:10}[/] {title} → {person.name}{why}{until}")


def _print_phones(console: Console, stack: Stack) -> None:
    console.rule("What arrived on the phones")
    for person in DEMO_PEOPLE:
        texts = [text.body for text in stack.phones.texts if text.to == person.phone]
        body = "\n".join(f"• {text}" for text in texts) or "[dim]no texts[/]"
        title = f"{person.name}  {person.phone}"
        console.print(Panel(body, title=title, title_align="left", width=min(console.width, 100)))


def _print_summary(console: Console, watch: _Watch, messages: Sequence[DemoMessage]) -> int:
    """Compare how each message ended with how it should; returns the exit code."""
    table = Table("message", "for", "ended as", "as expected", title="Summary", title_justify="left")
    good = 0
    for message, (status, reason, _) in zip(messages, watch.final_states(), strict=True):
        right = status == message.status and (message.reason is None or reason == message.reason)
        good += right
        ended = f"{'waits' if status == Status.QUEUED else status}{_shown_reason(status, reason)}"
        table.add_row(
            message.title, message.person.name, ended, "[green]yes[/]" if right else f"[red]no: {message.status}[/]"
        )
    console.print(table)
    console.print(f"{good} of {len(messages)} messages ended as they should.")
    return 0 if good == len(messages) else 1


def _shown_reason(status: str, reason: str | None) -> str:
    """The reason in parentheses; empty where it repeats the status, as `superseded` does."""
    return f" ({reason})" if reason and reason != status else ""


def _local(instant: datetime, zone: str) -> str:
    return instant.astimezone(find_zone(zone) or UTC).strftime("%a %H:%M %Z")


if __name__ == "__main__":
    sys.exit(main())
