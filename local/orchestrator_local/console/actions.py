"""The actions of the page: write from a phone, publish, move the clock, set a fault, kill a function, add people."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from orchestrator import MessageOrchestrator
from orchestrator.errors import InvalidPerson, OrchestratorError
from orchestrator.people import parse_number, parse_zone
from orchestrator.settings import PolicySettings, PublisherSettings
from orchestrator.store.people import add_user, read_user
from orchestrator_local.console.fragments import offered_zone
from orchestrator_local.console.publish_form import preview, read_form
from orchestrator_local.demo_messages import DEMO_PEOPLE
from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins.faults import ClaudeFault, Faults, TwilioFault

Action = Callable[[Mapping[str, Any]], object]


# Above the minutes of a year; the clock moves at most eight days at once.
LARGEST_NUMBER = 1_000_000


class UnreadableField(OrchestratorError):
    """A field of a form that is no number, or one beyond all times; the text names it."""


class Actions:
    """The page's actions on one stack. Each takes the fields of a form, and returns the result that the page shows.

    Args:
        stack: the stack to act on.
        faults: the faults of its stand-ins.
        connect: opens a connection to its database.
    """

    def __init__(self, stack: Stack, faults: Faults, connect: Callable[[], Connection]) -> None:
        self._stack = stack
        self._faults = faults
        self._connect = connect
        self._policy = PolicySettings()
        self._publisher = MessageOrchestrator(
            PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"])
        )

    def by_name(self) -> dict[str, Action]:
        """The actions by the paths of their addresses."""
        return {
            "write": self.write,
            "publish": self.publish,
            "preview": self.preview,
            "time": self.move_time,
            "faults": self.set_fault,
            "kill": self.kill,
            "person": self.add_person,
            "demo-people": self.add_demo_people,
        }

    def write(self, form: Mapping[str, Any]) -> str:
        """Write a text from a person's phone."""
        text = str(form["text"]).strip()
        if not text:
            raise ValueError("text: is empty. Write something.")
        with self._connect() as connection:
            record = read_user(connection, str(form["user_id"]), self._stack.clock())
        self._stack.write(record.person.phone_number, text)
        return f"{record.person.first_name or 'The person'} wrote: {text}"

    def publish(self, form: Mapping[str, Any]) -> dict[str, str]:
        """Publish a message as an agent."""
        message_id = self._publisher.queue_message(**read_form(form))
        return {"text": "Published.", "message_id": str(message_id)}

    def preview(self, form: Mapping[str, Any]) -> dict[str, str]:
        """Show the Python call and the SQS body of the form."""
        return preview(read_form(form))

    def move_time(self, form: Mapping[str, Any]) -> str:
        """Change the clock's speed, step forward, or jump to a time."""
        clock = self._stack.clock_to_move()
        match form["do"]:
            case "speed":
                clock.set_speed(_whole_number(form, "speed"))
                return "The clock stands still." if clock.speed == 0 else f"The clock runs at {clock.speed:,}x."
            case "step":
                clock.advance_to(clock.now() + timedelta(minutes=_whole_number(form, "minutes", 1)))
            case "jump":
                clock.advance_to(_moment(form, clock.now()))
            case other:
                raise ValueError(f"do: {other!r} is none of speed, step and jump.")
        return f"It is {clock.now():%a %d %b %H:%M} UTC."

    def set_fault(self, form: Mapping[str, Any]) -> str:
        """Set the fault of Twilio or Claude."""
        if "twilio" in form:
            self._faults.twilio = TwilioFault(form["twilio"])
            return f"Fault of Twilio: {self._faults.twilio}."
        self._faults.claude = ClaudeFault(form["claude"])
        return f"Fault of Claude: {self._faults.claude}."

    def kill(self, form: Mapping[str, Any]) -> str:
        """Kill a function's process. The next invocation starts another."""
        name = str(form["function"])
        if name not in self._stack.functions:
            raise ValueError(f"function: there is no {name!r}.")
        self._stack.functions[name].kill()
        return f"{name} was killed. Its next invocation starts a new process."

    def add_person(self, form: Mapping[str, Any]) -> str:
        """Add one person."""
        zone = str(form.get("zone") or "")
        columns = {
            "phone_number": parse_number(str(form.get("phone", "")), self._policy.allowed_countries),
            "first_name": str(form.get("name") or "") or None,
            "timezone": parse_zone(zone) if zone else None,
            "external_id": str(form.get("external_id") or "") or None,
        }
        self._add({name: value for name, value in columns.items() if value})
        return "Added."

    def add_demo_people(self, _form: Mapping[str, Any]) -> str:
        """Add the people of the demo."""
        for person in DEMO_PEOPLE:
            self._add(person.columns)
        return f"Added {len(DEMO_PEOPLE)} people."

    def _add(self, columns: Mapping[str, Any]) -> None:
        with self._connect() as connection:
            try:
                add_user(connection, columns, self._stack.clock())
            except psycopg.errors.UniqueViolation:
                raise InvalidPerson("phone", "or id belongs to another person", "Use another one") from None


def _moment(form: Mapping[str, Any], now: datetime) -> datetime:
    """The moment that a form names: a wall-clock time in a zone, some days from today.

    Raises:
        OrchestratorError: the form has no valid time.
        ValueError: the page does not offer the zone.
    """
    zone = offered_zone(str(form["zone"]))
    try:
        wall = time.fromisoformat(str(form["at"])).replace(tzinfo=None)
    except ValueError:
        raise OrchestratorError("at: is no time. Write it as 08:00.") from None
    day = now.astimezone(zone).date() + timedelta(days=_whole_number(form, "days"))
    return datetime.combine(day, wall, zone).astimezone(UTC)


def _whole_number(form: Mapping[str, Any], name: str, default: int = 0) -> int:
    """A number of minutes, days or the like in a form.

    Raises:
        UnreadableField: it is no whole number, or larger than any that an action takes.
    """
    try:
        number = int(form.get(name, default))
    except (ValueError, TypeError, OverflowError):
        raise UnreadableField(f"{name}: is no whole number.") from None
    if abs(number) > LARGEST_NUMBER:
        raise UnreadableField(f"{name}: is too large.")
    return number
