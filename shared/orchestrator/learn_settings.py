"""Settings of the hours that are learned (R7)."""

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.setting_values import Settings

# A number of answers. Infinity times an hour that costs nothing is no number, and no score could be compared with it.
_Answers = Annotated[float, Field(ge=0, le=1_000_000)]


class LearningSettings(Settings):
    """Whether the hours at which people answer are learned and chosen, and how one is chosen."""

    learn: Literal["on", "off"] = "on"
    # How many answers a STOP costs.
    learn_stop_cost: _Answers = 30.0
    # How many answers it costs to wait for an hour.
    learn_waiting_cost: _Answers = 0.0005
