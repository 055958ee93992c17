"""What is known of each model of Claude: its price, and the parameters that keep it from thinking, or let it think."""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.settings import Effort

PER_TOKENS = Decimal(1_000_000)
# Of the price of input: what is read from the prompt cache, and what is written to it.
CACHE_READ = Decimal("0.1")
CACHE_WRITE = Decimal("1.25")
# Tokens of `max_tokens` that are kept for thinking, because it counts towards that limit. Unused ones cost nothing.
ROOM_TO_THINK = {Effort.LOW: 4_000, Effort.MEDIUM: 8_000, Effort.HIGH: 16_000}


@dataclass(frozen=True, slots=True)
class Model:
    """One model of Claude.

    Attributes:
        input_usd, output_usd: US dollars per million tokens.
        thinking_off: the `thinking.type` that switches thinking off; None where it cannot be switched off, or where
            that is not known.
        takes_effort: whether the model takes `output_config.effort`.
    """

    input_usd: Decimal
    output_usd: Decimal
    thinking_off: str | None
    takes_effort: bool


@dataclass(frozen=True, slots=True)
class ThinkingOptions:
    """How much a model thinks in one call.

    Attributes:
        thinking: the `thinking` parameter; None leaves it out.
        effort: `output_config.effort`; None leaves it out.
        room: tokens to add to `max_tokens`.
    """

    thinking: dict[str, str] | None
    effort: str | None
    room: int


def thinking_options(model: str, effort: Effort) -> ThinkingOptions:
    """Choose the parameters for a model and an effort.

    `OFF` switches thinking off where the model allows it and means low effort elsewhere. A model that is not listed, or
    that takes no effort, gets no parameter that it might reject.
    """
    known = _models().get(_without_date(model))
    if known is None:
        return ThinkingOptions(None, None, ROOM_TO_THINK[Effort.HIGH])
    if known.thinking_off and (effort is Effort.OFF or not known.takes_effort):
        return ThinkingOptions({"type": known.thinking_off}, None, 0)
    effort = Effort.LOW if effort is Effort.OFF else effort
    return ThinkingOptions({"type": "adaptive"}, effort.value, ROOM_TO_THINK[effort])


def cost(model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0, written_tokens: int = 0) -> Decimal:
    """Return the price of one call in US dollars, to a millionth.

    Args:
        model: the name of the model; one that is not listed costs what the dearest one costs.
        input_tokens: tokens that were neither read from the prompt cache nor written to it.
        output_tokens: tokens of thinking included.
        cached_tokens: tokens read from the prompt cache.
        written_tokens: tokens written to the prompt cache.
    """
    priced = _models().get(_without_date(model)) or max(_models().values(), key=lambda known: known.output_usd)
    weighted = input_tokens + CACHE_READ * cached_tokens + CACHE_WRITE * written_tokens
    dollars = (priced.input_usd * weighted + priced.output_usd * output_tokens) / PER_TOKENS
    return dollars.quantize(Decimal("0.000001"))


def _without_date(model: str) -> str:
    """Return the name without the date of a snapshot: claude-haiku-4-5-20251001 is claude-haiku-4-5."""
    return re.sub(r"-\d{8}$", "", model)


@cache
def _models() -> dict[str, Model]:
    content = tomllib.loads((Path(__file__).parent / "models.toml").read_text(), parse_float=Decimal)
    return {name: _model(entry) for name, entry in content.items()}


def _model(entry: dict[str, Any]) -> Model:
    return Model(Decimal(entry["input"]), Decimal(entry["output"]), entry.get("thinking_off"), entry["effort"])
