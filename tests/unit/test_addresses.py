"""What Twilio's addresses are: numbers, channels, toll-free numbers."""

import pytest

from orchestrator.sms.addresses import is_of_texts, is_toll_free, number_of

# 800, 833, 844, 855, 866, 877 and 888 are in use; 822 is kept for later (fcc.gov, What Is a Toll-Free Number).
TOLL_FREE = (800, 833, 844, 855, 866, 877, 888)


def test_toll_free_numbers_are_those_of_seven_codes() -> None:
    found = [code for code in range(200, 1000) if is_toll_free(f"+1{code}5550100")]
    assert tuple(found) == TOLL_FREE


@pytest.mark.parametrize("address", ["+448005550100", "+8005550100", "8005550100"])
def test_a_number_of_another_country_or_form_is_not_toll_free(address: str) -> None:
    assert not is_toll_free(address)


@pytest.mark.parametrize(
    ("address", "number", "of_texts"),
    [
        ("+12125550100", "+12125550100", True),
        ("sms:+12125550100", "+12125550100", True),
        ("rcs:+12125550100", "+12125550100", True),
        (" RCS:+12125550100", "+12125550100", True),
        ("whatsapp:+12125550100", "+12125550100", False),
        ("WhatsApp:+12125550100", "+12125550100", False),
        ("email:+12125550100", "email:+12125550100", True),
    ],
)
def test_an_address_names_a_number_and_perhaps_a_channel(address: str, number: str, of_texts: bool) -> None:
    assert (number_of(address), is_of_texts(address)) == (number, of_texts)


def test_a_toll_free_number_is_one_on_each_channel_of_texts() -> None:
    assert is_toll_free("rcs:+18005550100")
