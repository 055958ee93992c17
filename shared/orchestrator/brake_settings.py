"""Settings of the brakes on agents (R13): the throttle by rate, and the pause by what their texts bring."""

from typing import Annotated

from pydantic import Field

from orchestrator.setting_values import Fraction, Settings

Share = Annotated[float, Field(gt=0, le=1)]


class ThrottleSettings(Settings):
    """When an agent is throttled: above this many times their usual hour, and above the floor of messages an hour."""

    brake_factor: Fraction = 10.0
    brake_floor: int = Field(default=500, gt=0)


class OutcomeBrakeSettings(Settings):
    """When an agent or a message type pauses itself, because its texts bring STOPs or are filtered by carriers."""

    # It, and the rest that it is compared with, sent at least so many texts.
    outcome_brake_texts: int = Field(default=200, gt=0)
    # Its share is more than so many times that of the rest.
    outcome_brake_factor: float = Field(default=5.0, ge=1)
    # Its share of texts after which a person opted out, or that carriers filtered, is above these; 1 is never reached.
    outcome_brake_stops: Share = 0.05
    outcome_brake_filtered: Share = 0.03
