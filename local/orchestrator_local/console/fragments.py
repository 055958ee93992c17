"""Renders the page, and the pieces of it that change."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from psycopg import Connection

from orchestrator.settings import PolicySettings
from orchestrator_local.console.message_history import tell
from orchestrator_local.console.numbers import HEIGHT, WIDTH, History
from orchestrator_local.console.publishing import EXAMPLES
from orchestrator_local.console.view import LANE_ROWS, PEOPLE, Wanted, read_ended, read_lanes, read_people
from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins.trouble import ClaudeMood, Trouble, TwilioMood
from orchestrator_local.time_travel import SPEEDS

# Where people live whom one would wake up.
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")
RADIUS = 20.0


class Fragments:
    """The page of one stack.

    Args:
        real_twilio: texts go to a real phone.
    """

    def __init__(self, stack: Stack, trouble: Trouble, connect: Callable[[], Connection], *, real_twilio: bool) -> None:
        self._stack = stack
        self._trouble = trouble
        self._connect = connect
        self._real_twilio = real_twilio
        self._history = History()
        self._policy = PolicySettings()
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(arc=_arc, hand=_hand)
        self._templates.policies["json.dumps_kwargs"] = {"sort_keys": False}  # an example as its author wrote it

    def page(self) -> str:
        """The whole page, still empty; its pieces follow."""
        return self._render(
            "page",
            examples=EXAMPLES,
            zones=ZONES,
            speeds=SPEEDS,
            twilio_moods=list(TwilioMood),
            claude_moods=list(ClaudeMood),
            functions=sorted(self._stack.functions),
            moves=self._stack.time is not None,
            real_twilio=self._real_twilio,
        )

    def pieces(self, wanted: Wanted) -> dict[str, str]:
        """What the page shows now, by the ids of its elements."""
        with self._connect() as connection:
            return self._pieces(connection, wanted)

    def _pieces(self, connection: Connection, wanted: Wanted) -> dict[str, str]:
        now = self._stack.clock()
        phones, of_all = read_people(connection, self._stack.phones, self._policy, wanted, now)
        pieces = {
            "clock": self._render("clock", now=now, time=self._stack.time),
            "people": self._render("people", phones=phones, of_all=of_all, wanted=wanted, size=PEOPLE),
            **{f"face-{phone.user_id}": self._render("face", phone=phone) for phone in phones},
            "trouble-now": self._render("trouble", trouble=self._trouble),
            "ended": self._render("ended", rows=read_ended(connection)),
        }
        for lane, rows in read_lanes(connection, wanted).items():
            page = wanted.lane_pages.get(lane, 0)
            pieces[f"lane-{lane}"] = self._render("lane", lane=lane, rows=rows, page=page, size=LANE_ROWS)
        sample = self._history.look(connection, now)
        pieces["numbers"] = self._render(
            "numbers", sample=sample, plots=self._history.plots(), width=WIDTH, height=HEIGHT
        )
        if wanted.message_id is not None:
            told = tell(connection, self._stack.claude, wanted.message_id)
            pieces["story"] = self._render("story", told=told, message_id=wanted.message_id)
        return pieces

    def _render(self, template: str, **values: Any) -> str:
        return self._templates.get_template(f"{template}.html").render(values)


def _point(part: float) -> tuple[float, float]:
    """Where on the ring a part of the day is; midnight is at the top."""
    angle = 2 * math.pi * part - math.pi / 2
    return 24 + RADIUS * math.cos(angle), 24 + RADIUS * math.sin(angle)


def _arc(quiet: tuple[float, float]) -> str:
    """The SVG path of quiet hours on the ring."""
    (x1, y1), (x2, y2) = _point(quiet[0]), _point(quiet[1])
    large = int((quiet[1] - quiet[0]) % 1 > 0.5)
    return f"M {x1:.2f} {y1:.2f} A {RADIUS} {RADIUS} 0 {large} 1 {x2:.2f} {y2:.2f}"


def _hand(part: float) -> tuple[str, str]:
    x, y = _point(part)
    return f"{x:.2f}", f"{y:.2f}"


def zone_of(name: str) -> ZoneInfo:
    """A zone that the page offers.

    Raises:
        ValueError: it offers no such zone.
    """
    if name not in ZONES:
        raise ValueError(f"zone: {name!r} is none of {', '.join(ZONES)}.")
    return ZoneInfo(name)
