"""`make demo`: messages on their way from agent to phone, on one machine, until all ended as they should."""

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
from orchestrator_local.demo_stories import (
    DANA,
    EVE,
    EVERYBODY,
    SOLUTION_UPDATE,
    DemoStory,
    Neighbour,
    after_stop,
    message_of,
    stories,
    two_way_stories,
)
from orchestrator_local.stack import PUBLISHER_VARIABLES, Services, Stack, demo_environment, local_stack, services_from

FOLDER = Path(".local/demo")
# How long the demo waits for its messages before it says that something is wrong.
PATIENCE_SECONDS = 60
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def main() -> int:
    """Run the demo; returns the exit code."""
    console = Console(highlight=False)
    environment = demo_environment()
    services = services_from(environment)
    console.print(Panel.fit("[bold]The Message Orchestrator[/]: several agents, one phone, one decision for each text"))
    started = time.monotonic()
    start_at = None if services.any_real else _early_in_los_angeles()
    try:
        with local_stack(FOLDER, services, fresh=True, start_at=start_at) as stack:
            _introduce(console, stack, services, time.monotonic() - started)
            # The publishing client, like an agent's, knows the queue alone.
            os.environ.update({name: stack.environment[name] for name in PUBLISHER_VARIABLES})
            with connect(stack.database_url) as connection:
                if services.any_real:
                    return _play_for_one(console, stack, connection, environment)
                return _play_for_neighbours(console, stack, connection)
    except OrchestratorError as error:
        console.print(f"[red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped. Every process was ended.")
        return 130


def _early_in_los_angeles() -> datetime:
    """Tomorrow at 07:30 in Los Angeles: still quiet there, 10:30 in New York."""
    tomorrow = datetime.now(LOS_ANGELES) + timedelta(days=1)
    return tomorrow.replace(hour=7, minute=30, second=0, microsecond=0).astimezone(UTC)


def _introduce(console: Console, stack: Stack, services: Services, seconds: float) -> None:
    console.print(
        f"Started in {seconds:.1f} s: Postgres, SQS, and {len(stack.functions)} functions under AWS's runtime client."
    )
    real, stand_in = f"[bold red]real[/], for {services.phone} only", "a stand-in on this machine"
    console.print(
        f"Twilio is {real if services.twilio else stand_in}; Claude is {real if services.anthropic_key else stand_in}."
    )


def _play_for_neighbours(console: Console, stack: Stack, connection: Connection) -> int:
    people = {neighbour: _move_in(connection, neighbour, stack.clock()) for neighbour in EVERYBODY}
    connection.execute(
        "INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at) VALUES (%s, %s, 'demo', %s)",
        (DANA.phone, people[DANA], stack.clock()),
    )
    _show_people(console, stack)
    told = stories()
    orchestrator = MessageOrchestrator()
    console.rule("agents publish")
    watch = _Watch(console, stack, connection)
    for story in told:
        _publish(orchestrator, story, watch)
    watch.until(lambda: watch.arrived() == len(told))
    console.rule("the minute: what is due is handed over")
    _say_tick(console, stack)
    watch.until(lambda: not watch.under_way() and not watch.due_now())
    for hour, minute, why in ((8, 0, "quiet hours end"), (10, 30, "people usually answer")):
        moment = stack.clock().astimezone(LOS_ANGELES).replace(hour=hour, minute=minute, second=0, microsecond=0)
        stack.set_time(moment.astimezone(UTC))
        console.rule(f"the clock moves on to {hour:02}:{minute:02} in Los Angeles, when {why}")
        _say_tick(console, stack)
        watch.until(lambda: not watch.under_way() and not watch.due_now())
    told += _play_a_conversation(console, stack, orchestrator, watch)
    _show_phones(console, stack)
    return _summary(console, watch, told)


def _play_a_conversation(
    console: Console, stack: Stack, orchestrator: MessageOrchestrator, watch: "_Watch"
) -> list[DemoStory]:
    """A phone talks back: what waits comes forward, and STOP ends everything."""
    console.rule("a phone talks back")
    told = two_way_stories()
    match, reminder = told
    match_id = _publish(orchestrator, match, watch)
    watch.until(lambda: match_id in watch.states)
    _writes(console, stack, "Anything new for me?")
    watch.until(lambda: watch.states[match_id][0] == Status.SENT)
    orchestrator.reply(user_id=EVE.external_id, content="Shall I introduce you?", agent_id="concierge_main")
    console.print("  [cyan]replied[/]   the concierge answers Eve: within seconds, whatever the limits say")
    watch.until(lambda: len([text for text in stack.phones.texts if text.to == EVE.phone]) == 2)
    later = {"scheduled_for": (stack.clock() + timedelta(hours=2)).isoformat()}
    reminder_id = _publish(orchestrator, replace(reminder, message={**reminder.message, **later}), watch)
    watch.until(lambda: reminder_id in watch.states)
    _writes(console, stack, "STOP")
    watch.until(lambda: watch.states[reminder_id][0] == Status.CANCELLED)
    last = after_stop()
    last_id = _publish(orchestrator, last, watch)
    watch.until(lambda: watch.states.get(last_id, ("", None))[0] == Status.CANCELLED)
    return [*told, last]


def _publish(orchestrator: MessageOrchestrator, story: DemoStory, watch: "_Watch") -> UUID:
    message_id = orchestrator.queue_message(user_id=story.person.external_id, **story.message)
    watch.follow(message_id, story.title, story.person)
    if story.withdraw:
        orchestrator.withdraw(message_id=message_id)
    return message_id


def _writes(console: Console, stack: Stack, text: str) -> None:
    console.print(f"  [bold]Eve writes[/] “{text}”")
    stack.write(EVE.phone, text)


def _play_for_one(console: Console, stack: Stack, connection: Connection, environment: dict[str, str]) -> int:
    policy = PolicySettings()
    phone = parse_number(environment["DEMO_PHONE"], policy.allowed_countries)
    zone = environment.get("DEMO_TIMEZONE") or next((zone.key for zone in zones_of_number(phone)), "")
    you = Neighbour("user_you", environment.get("DEMO_NAME", "there"), phone, zone)
    _move_in(connection, you, stack.clock())
    watch = _Watch(console, stack, connection)
    orchestrator = MessageOrchestrator()
    for title, message in (
        (
            "words as they stand",
            message_of("system", {"type": "hello", "message": "Hello from your orchestrator."}, "high"),
        ),
        ("solution update", message_of("solution_saga", SOLUTION_UPDATE, "high")),
    ):
        watch.follow(orchestrator.queue_message(user_id="user_you", **message), title, you)
    watch.until(lambda: watch.arrived() == 2)
    _say_tick(console, stack)
    watch.until(lambda: not watch.under_way() and not watch.due_now())
    ended_well = [_ended_well(status, reason) for status, reason, _ in watch.ends()]
    console.print(
        "Sent, or waiting with its rule and time." if all(ended_well) else "[red]Something went wrong; see above.[/]"
    )
    return 0 if all(ended_well) else 1


def _ended_well(status: str, reason: str | None) -> bool:
    """Sent, or held by a rule; what Twilio's or our own trouble holds is no success."""
    held_by_a_rule = status == Status.QUEUED and reason is not None and not reason.startswith("provider_")
    return status == Status.SENT or held_by_a_rule


def _move_in(connection: Connection, neighbour: Neighbour, now: datetime) -> UUID:
    limit = {} if neighbour.daily_limit is None else {"daily_limit": neighbour.daily_limit}
    return add_user(connection, {**neighbour.columns, **limit}, now)


def _show_people(console: Console, stack: Stack) -> None:
    table = Table("person", "phone", "zone", "their clock", title="People", title_justify="left")
    for neighbour in EVERYBODY:
        table.add_row(neighbour.name, neighbour.phone, neighbour.zone, _local(stack.clock(), neighbour.zone))
    console.print(table)


def _say_tick(console: Console, stack: Stack) -> None:
    result = stack.tick()
    lanes = ", ".join(f"{number} {lane}" for lane, number in result["handed_over"].items() if number)
    console.print(f"  dispatch  handed over: {lanes or 'nothing'}")


class _Watch:
    """Follows messages through the database and prints each step."""

    def __init__(self, console: Console, stack: Stack, connection: Connection) -> None:
        self._console = console
        self._stack = stack
        self._connection = connection
        self._titles: dict[UUID, tuple[str, Neighbour]] = {}
        self.states: dict[UUID, tuple[str, str | None, datetime]] = {}

    def follow(self, message_id: UUID, title: str, person: Neighbour) -> None:
        self._titles[message_id] = (title, person)
        self._console.print(f"  [cyan]published[/] {title} → {person.name}")

    def arrived(self) -> int:
        """How many are rows by now."""
        return len(self.states)

    def ends(self) -> list[tuple[str, str | None, datetime]]:
        """How they ended, in the order they were published."""
        nothing = ("lost", None, self._stack.clock())
        return [self.states.get(message_id, nothing) for message_id in self._titles]

    def under_way(self) -> bool:
        return any(status in (Status.APPROVED, Status.SENDING) for status, _, _ in self.states.values())

    def due_now(self) -> bool:
        now = self._stack.clock()
        return any(status == Status.QUEUED and due <= now for status, _, due in self.states.values())

    def until(self, done: Callable[[], bool]) -> None:
        """Print what happens until a condition holds, or patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self._look()
            if done():
                return
            time.sleep(0.05)

    def _look(self) -> None:
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
        why = f" ({reason})" if reason else ""
        until = f" until {_local(due, person.zone)}" if status == Status.QUEUED and reason else ""
        colour = {"sent": "green", "queued": "yellow", "cancelled": "magenta", "failed": "red"}.get(status, "blue")
        self._console.print(f"  [{colour}]{status:9}[/] {title} → {person.name}{why}{until}")


def _show_phones(console: Console, stack: Stack) -> None:
    console.rule("the phones")
    names = {neighbour.phone: neighbour.name for neighbour in EVERYBODY}
    for phone, name in names.items():
        texts = [text.body for text in stack.phones.texts if text.to == phone]
        body = "\n".join(f"• {text}" for text in texts) or "[dim](silent)[/]"
        console.print(Panel(body, title=f"{name}  {phone}", title_align="left", width=min(console.width, 100)))


def _summary(console: Console, watch: _Watch, told: Sequence[DemoStory]) -> int:
    table = Table("message", "for", "ended as", "as it should", title="Summary", title_justify="left")
    good = 0
    for story, (status, reason, _) in zip(told, watch.ends(), strict=True):
        right = status == story.status and (story.reason is None or reason == story.reason)
        good += right
        ended = f"waits ({reason})" if status == Status.QUEUED else f"{status} ({reason})" if reason else status
        table.add_row(
            story.title, story.person.name, ended, "[green]yes[/]" if right else f"[red]no: {story.status}[/]"
        )
    console.print(table)
    console.print(f"{good} of {len(told)} messages ended as they should.")
    return 0 if good == len(told) else 1


def _local(instant: datetime, zone: str) -> str:
    return instant.astimezone(find_zone(zone) or UTC).strftime("%a %H:%M %Z")


if __name__ == "__main__":
    sys.exit(main())
