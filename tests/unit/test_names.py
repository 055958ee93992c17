"""What a person may be called."""

import pytest

from orchestrator.wording.names import sayable_name


@pytest.mark.parametrize(
    "name", ["Ada", "Mary Ann", "Jean-Luc", "D\u2019Arcy", "José", "李", "J.", "Penny", "Will", "May"]
)
def test_a_name_is_said(name: str) -> None:
    assert sayable_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "null", "N/A", "Customer", "test", "Mr", "there", "Test User", "Dear Customer", "Current Resident", "Cardholder",
        "XXXX", "STOP", "Free Money Now", "Final Notice", "Million Dollars", "Bitcoin", "$100", "100 USD", "ada@x.example",
        "evil.com", "{first_name}", "user_123", "Ada; DROP TABLE",
    ],
)  # fmt: skip
def test_what_stands_where_a_name_belongs_and_is_none_is_not_said(name: str) -> None:
    assert sayable_name(name) is None
