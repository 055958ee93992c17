"""What a call to Claude costs."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path

PER_TOKENS = Decimal(1_000_000)
# Of the price of input: what is read from the prompt cache, and what is written to it.
CACHE_READ = Decimal("0.1")
CACHE_WRITE = Decimal("1.25")


def cost(model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0, written_tokens: int = 0) -> Decimal:
    """US dollars for one call, to a millionth.

    Args:
        input_tokens: those that the cache had nothing to do with.
        cached_tokens, written_tokens: read from the prompt cache, and written to it.
    """
    table = _table()
    input_price, output_price = table.get(model) or max(table.values())
    weighted = input_tokens + CACHE_READ * cached_tokens + CACHE_WRITE * written_tokens
    dollars = (input_price * weighted + output_price * output_tokens) / PER_TOKENS
    return dollars.quantize(Decimal("0.000001"))


@cache
def _table() -> dict[str, tuple[Decimal, Decimal]]:
    content = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(), parse_float=Decimal)
    return {model: (Decimal(entry["input"]), Decimal(entry["output"])) for model, entry in content.items()}
