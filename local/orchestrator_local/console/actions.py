"""What can be done on the page: write from a phone, publish, move the clock, make trouble, kill a function."""

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
from orchestrator_local.console.fragments import zone_of
from orchestrator_local.console.publishing import preview, read_form
from orchestrator_local.demo_stories import EVERYBODY
from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins.trouble import ClaudeMood, Trouble, TwilioMood

Action = Callable[[Mapping[str, Any]], object]


class Actions:
    """The page's actions on one stack; each takes the fields of its form, and says what it did."""

    def __init__(self, stack: Stack, trouble: Trouble, connect: Callable[[], Connection]) -> None:
        self._stack = stack
        self._trouble = trouble
        self._connect = connect
        self._policy = PolicySettings()
        self._publisher = MessageOrchestrator(
            PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"])
        )

    def by_name(self) -> dict[str, Action]:
        """The actions by their addresses."""
        return {
            "write": self.write,
            "publish": self.publish,
            "preview": self.preview,
            "time": self.move_time,
            "trouble": self.make_trouble,
            "kill": self.kill,
            "person": self.add_person,
            "neighbours": self.add_neighbours,
        }

    def write(self, form: Mapping[str, Any]) -> str:
        """A person writes from their phone."""
        text = str(form["text"]).strip()
        if not text:
            raise ValueError("text: is empty. Write something.")
        with self._connect() as connection:
            record = read_user(connection, str(form["user_id"]), self._stack.clock())
        self._stack.write(record.person.phone_number, text)
        return f"{record.person.first_name or 'They'} wrote: {text}"

    def publish(self, form: Mapping[str, Any]) -> dict[str, str]:
        """An agent publishes."""
        message_id = self._publisher.queue_message(**read_form(form))
        return {"said": "Published.", "message_id": str(message_id)}

    def preview(self, form: Mapping[str, Any]) -> dict[str, str]:
        """The call and the body that the form makes."""
        return preview(read_form(form))

    def move_time(self, form: Mapping[str, Any]) -> str:
        """Pause, run, step, or go on to a moment."""
        clock = self._stack.movable_clock()
        match form["do"]:
            case "speed":
                clock.run_at(int(form["speed"]))
                return "The clock stands." if clock.speed == 0 else f"The clock runs at {clock.speed}x."
            case "step":
                clock.move_to(clock.clock() + timedelta(minutes=int(form.get("minutes", 1))))
            case "jump":
                clock.move_to(_moment(form, clock.clock()))
            case other:
                raise ValueError(f"do: {other!r} is none of speed, step and jump.")
        return f"It is {clock.clock():%a %d %b %H:%M} UTC."

    def make_trouble(self, form: Mapping[str, Any]) -> str:
        """Twilio or Claude behaves otherwise."""
        if "twilio" in form:
            self._trouble.twilio = TwilioMood(form["twilio"])
            return f"Twilio: {self._trouble.twilio}."
        self._trouble.claude = ClaudeMood(form["claude"])
        return f"Claude: {self._trouble.claude}."

    def kill(self, form: Mapping[str, Any]) -> str:
        """A function's process dies, whatever it does; the next invocation starts another."""
        name = str(form["function"])
        if name not in self._stack.functions:
            raise ValueError(f"function: there is no {name!r}.")
        self._stack.functions[name].kill()
        return f"{name} was killed; its next invocation starts it anew."

    def add_person(self, form: Mapping[str, Any]) -> str:
        """Somebody new."""
        zone = str(form.get("zone") or "")
        columns = {
            "phone_number": parse_number(str(form.get("phone", "")), self._policy.allowed_countries),
            "first_name": str(form.get("name") or "") or None,
            "timezone": parse_zone(zone) if zone else None,
            "external_id": str(form.get("external_id") or "") or None,
        }
        self._add({name: value for name, value in columns.items() if value})
        return "Added."

    def add_neighbours(self, _form: Mapping[str, Any]) -> str:
        """The people of the demo."""
        for neighbour in EVERYBODY:
            self._add(neighbour.columns)
        return f"{len(EVERYBODY)} people live here now."

    def _add(self, columns: Mapping[str, Any]) -> None:
        with self._connect() as connection:
            try:
                add_user(connection, columns, self._stack.clock())
            except psycopg.errors.UniqueViolation:
                raise InvalidPerson("phone", "or id belongs to somebody", "Use another one") from None


def _moment(form: Mapping[str, Any], now: datetime) -> datetime:
    """The moment that a form names: a wall-clock time, some days from today, in a zone.

    Raises:
        OrchestratorError: it does not exist, or the form names none.
    """
    zone = zone_of(str(form["zone"]))
    try:
        wall = time.fromisoformat(str(form["at"]))
    except ValueError:
        raise OrchestratorError("at: is no time. Write it as 08:00.") from None
    day = now.astimezone(zone).date() + timedelta(days=int(form.get("days", 0)))
    return datetime.combine(day, wall, zone).astimezone(UTC)
