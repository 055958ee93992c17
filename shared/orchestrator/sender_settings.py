"""Settings of who texts, whom, and by which law: the sender's name, numbers that changed hands, or were deleted."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.setting_values import Fraction, Settings


class SendingMode(StrEnum):
    """Whether texts are really sent."""

    LIVE = "live"
    SHADOW = "shadow"  # everything is decided and recorded, and nothing is sent


class ConfirmationSettings(Settings):
    """Who texts (R15), and whether an opt-out that Twilio does not confirm is confirmed by us (R11)."""

    # In words that the people know, such as "Harbor Books". Without a name there is no confirmation, and no text says
    # who writes.
    sender_name: str | None = Field(default=None, min_length=2, max_length=60)
    # How people reach the sender, such as an address, a phone number or a web page; CASL asks for it in Canada.
    sender_contact: str | None = Field(default=None, min_length=2, max_length=100)
    stop_confirmation: Literal["on", "off"] = "on"
    # Whether HELP is answered by us. Twilio answers it itself but for short codes outside a messaging service, and for
    # accounts whose handling of opt-outs was switched off (docs/twilio-setup.md).
    help_answer: Literal["on", "off"] = "off"

    @model_validator(mode="after")
    def _can_answer_help(self) -> Self:
        if self.help_answer == "on" and not (self.sender_name and self.sender_contact):
            raise PydanticCustomError(
                "no_sender_to_name", "HELP_ANSWER: needs SENDER_NAME and SENDER_CONTACT, which the answer names"
            )
        return self


class NumberCheckSettings(Settings):
    """Whether Twilio is asked if a number changed hands (R15). Off, because each question costs."""

    reassigned_numbers: Literal["off", "marketing"] = "off"
    # What one question adds to the day's costs, in US dollars: an estimate, for the ceilings; your price is Twilio's.
    reassigned_number_usd: Fraction = 0.02


class LawSettings(Settings):
    """The law of the place (R15)."""

    # The path of an owner's file of rows, from the package's folder, which becomes the functions' layer.
    law_file: str | None = Field(default=None, min_length=1)


class PrivacySettings(Settings):
    """The key of `number_hash`. It must never change: hashes made with another key match no number."""

    privacy_key: SecretStr | None = Field(default=None, min_length=16)
