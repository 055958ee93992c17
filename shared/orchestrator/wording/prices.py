"""What a call to Claude costs."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path

PER_TOKENS = Decimal(1_000_000)


def cost(model: str, input_tokens: int, output_tokens: int) -> Decimal:
    """US dollars for one call, to a millionth."""
    table = _table()
    price = table.get(model) or max(table.values())
    dollars = (price[0] * input_tokens + price[1] * output_tokens) / PER_TOKENS
    return dollars.quantize(Decimal("0.000001"))


@cache
def _table() -> dict[str, tuple[Decimal, Decimal]]:
    content = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(), parse_float=Decimal)
    return {model: (Decimal(entry["input"]), Decimal(entry["output"])) for model, entry in content.items()}
