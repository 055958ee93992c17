"""Renders the page, and the fragments of it that change."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from orchestrator.rules.pause_words import describe_in_words
from orchestrator.settings import PolicySettings
from orchestrator.store.pauses import list_pauses
from orchestrator.store.rejections import list_rejections
from orchestrator.store.waits_for_users import list_waits_for_users
from orchestrator_cli.console.rendering import template_environment
from orchestrator_cli.console.story import read_story
from orchestrator_local.console.gauges import HEIGHT, WIDTH, GaugeHistory
from orchestrator_local.console.prompts import prompts_about
from orchestrator_local.console.publish_form import EXAMPLES
from orchestrator_local.console.view import (
    LANE_ROWS,
    MOST_WAITS,
    PEOPLE,
    REJECTED,
    PageQuery,
    read_endings,
    read_lanes,
    read_people,
)
from orchestrator_local.movable_clock import SPEEDS
from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins.faults import ClaudeFault, Faults, TwilioFault

# The zones in which the page can set a time: those of the United States.
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")
# The ring around a person's clock, in SVG units.
CENTRE, RADIUS = 24.0, 20.0


class Fragments:
    """The page of one stack.

    Args:
        stack: the stack to show.
        faults: the faults of its stand-ins.
        connect: opens a connection to its database.
        real_twilio: whether texts go to a real phone.
    """

    def __init__(self, stack: Stack, faults: Faults, connect: Callable[[], Connection], *, real_twilio: bool) -> None:
        self._stack = stack
        self._faults = faults
        self._connect = connect
        self._real_twilio = real_twilio
        self._gauges = GaugeHistory()
        self._policy = PolicySettings()
        self._templates = template_environment([Path(__file__).parent / "templates"])
        self._templates.globals.update(arc=_arc, hand=_hand)
        self._templates.policies["json.dumps_kwargs"] = {"sort_keys": False}  # examples keep the order of their fields

    def page(self) -> str:
        """The page without its fragments, which follow as events."""
        return self._html(
            "page",
            examples=EXAMPLES,
            zones=ZONES,
            speeds=SPEEDS,
            functions=sorted(self._stack.functions),
            clock_moves=self._stack.movable_clock is not None,
            real_twilio=self._real_twilio,
        )

    def render(self, query: PageQuery) -> dict[str, str]:
        """The fragments that the page shows now, by the ids of their elements."""
        with self._connect() as connection:
            return self._fragments(connection, query)

    def _fragments(self, connection: Connection, query: PageQuery) -> dict[str, str]:
        # The speed first: a clock that is stopped after this line is shown as running, and never the other way round.
        speed = self._stack.movable_clock.speed if self._stack.movable_clock else None
        now = self._stack.clock()
        people, total = read_people(connection, self._stack.phones, self._policy, query, now)
        fragments = {
            "pauses": self._html("pauses", pauses=list(map(describe_in_words, list_pauses(connection, now)))),
            "clock": self._html("clock", now=now, speed=speed),
            "people": self._html("people", people=people, total=total, query=query, size=PEOPLE),
            **{f"phone-{person.user_id}": self._html("phone", person=person) for person in people},
            "references": self._html("references", people=people),
            "faults": self._html(
                "faults", faults=self._faults, twilio_faults=list(TwilioFault), claude_faults=list(ClaudeFault)
            ),
            "faults-now": self._html("faults_now", faults=self._faults),
            "ended": self._html("ended", rows=read_endings(connection)),
            "rejected": self._html(
                "rejected",
                rows=list_rejections(connection, REJECTED),
                waits=list_waits_for_users(connection, now, MOST_WAITS),
            ),
        }
        lanes = read_lanes(connection, query)
        fragments["nothing-waits"] = self._html("nothing_waits", nothing_waits=not any(lanes.values()))
        for lane, rows in lanes.items():
            page = query.lane_pages.get(lane, 0)
            fragments[f"lane-{lane}"] = self._html("lane", lane=lane, rows=rows, page=page, size=LANE_ROWS)
        sample = self._gauges.sample(connection, now)
        fragments["gauges"] = self._html(
            "gauges", sample=sample, plots=self._gauges.plots(), width=WIDTH, height=HEIGHT
        )
        if query.message:
            message_id = query.message_id
            story = read_story(connection, message_id) if message_id else None
            prompts = prompts_about(self._stack.claude, story.row.get("message_data")) if story else []
            fragments["history"] = self._html("message_history", story=story, prompts=prompts, message_id=query.message)
        return fragments

    def _html(self, template: str, **values: Any) -> str:
        return self._templates.get_template(f"{template}.html").render(values)


def _point(part: float) -> tuple[float, float]:
    """The point on the ring for a part of the day, from 0 to 1. Midnight is at the top."""
    angle = 2 * math.pi * part - math.pi / 2
    return CENTRE + RADIUS * math.cos(angle), CENTRE + RADIUS * math.sin(angle)


def _arc(quiet: tuple[float, float]) -> str:
    """The SVG path of quiet hours on the ring, from their start and end as parts of the day."""
    (x1, y1), (x2, y2) = _point(quiet[0]), _point(quiet[1])
    large = int((quiet[1] - quiet[0]) % 1 > 0.5)
    return f"M {x1:.2f} {y1:.2f} A {RADIUS} {RADIUS} 0 {large} 1 {x2:.2f} {y2:.2f}"


def _hand(part: float) -> tuple[str, str]:
    """The end of the clock's hand."""
    x, y = _point(part)
    return f"{x:.2f}", f"{y:.2f}"


def offered_zone(name: str) -> ZoneInfo:
    """One of `ZONES`.

    Raises:
        ValueError: the page does not offer this zone.
    """
    if name not in ZONES:
        raise ValueError(f"zone: {name!r} is none of {', '.join(ZONES)}.")
    return ZoneInfo(name)
