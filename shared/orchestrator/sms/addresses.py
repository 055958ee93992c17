"""The addresses that Twilio names: a number, with a prefix where the text came over another channel than SMS."""

import re

# rcs:+12125550100, whatsapp:+12125550100 (twilio.com/docs/rcs and /whatsapp/api). Twilio signs the address as it is.
_CHANNEL = re.compile(r"^\s*(sms|rcs|whatsapp):", re.IGNORECASE)
# Toll-free numbers of the North American plan.
_TOLL_FREE = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
# RCS is the same conversation as SMS on a newer channel.
_OF_TEXTS = ("sms", "rcs")


def number_of(address: str) -> str:
    """The number of an address, without the prefix of its channel."""
    return _CHANNEL.sub("", address)


def is_of_texts(address: str) -> bool:
    """Whether an address is one of text messages, not of another channel such as WhatsApp."""
    channel = _CHANNEL.match(address)
    return channel is None or channel[1].lower() in _OF_TEXTS


def is_toll_free(address: str) -> bool:
    """Whether an address is a toll-free number, whose STOP and START the networks keep, not Twilio alone.

    (help.twilio.com, Opt-out keyword handling for Toll-Free SMS.)
    """
    return number_of(address).startswith(_TOLL_FREE)
