"""Settings of the hours that are learned (R7)."""

from typing import Literal

from pydantic import Field

from orchestrator.setting_values import Settings


class LearningSettings(Settings):
    """Whether the hours at which people answer are learned and chosen, and how one is chosen."""

    learn: Literal["on", "off"] = "on"
    # How many answers a STOP costs.
    learn_stop_cost: float = Field(default=30.0, ge=0)
    # How many answers it costs to wait for an hour.
    learn_waiting_cost: float = Field(default=0.0005, ge=0)
