"""Prices of Claude's tokens and of texts, as their tables give them."""

from decimal import Decimal

from orchestrator.sms.prices import price
from orchestrator.wording.models import cost


def test_prices_are_dollars_per_million_tokens() -> None:
    assert cost("claude-haiku-5-5", 1_000_000, 1_000_000) == Decimal("0.600000")
    assert cost("claude-sonnet-5-5", 1_000, 100) == Decimal("0.003000")
    assert cost("claude-haiku-4-5-20251001", 1_000, 100) == Decimal("0.001500"), "a snapshot costs what its model costs"
    assert cost("an-unlisted-model", 1_000, 100) == Decimal("0.015000"), "unlisted counts as the dearest"


def test_a_text_costs_its_segments_by_country_and_an_unlisted_country_is_the_dearest() -> None:
    assert price(1, "US") == Decimal("0.0128")
    assert price(3, "US") == 3 * price(1, "US")
    assert price(1, None) == price(1, "ZZ") == max(price(1, country) for country in ("US", "CA"))
