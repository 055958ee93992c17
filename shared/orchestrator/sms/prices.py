"""The price of a text, estimated by its segments and the country of its number (`prices.toml`)."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path


def price(segments: int, country: str | None) -> Decimal:
    """Estimate the price of one text in US dollars; an unlisted country costs as much as the dearest one.

    Args:
        country: ISO code, such as US; None where it is not known.
    """
    table = _table()
    return segments * (table.get(country or "") or max(table.values()))


@cache
def _table() -> dict[str, Decimal]:
    content = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(), parse_float=Decimal)
    return {country: Decimal(entry["twilio"]) + Decimal(entry["carrier"]) for country, entry in content.items()}
