"""Settings of who texts, and by which law: the sender's name, and an owner's rows of the law of the place."""

from typing import Literal

from pydantic import Field

from orchestrator.setting_values import Settings


class ConfirmationSettings(Settings):
    """Whether an opt-out that Twilio does not confirm is confirmed by us (R11)."""

    # Who texts, in words that the people know, such as "Harbor Books". Without a name there is no confirmation.
    sender_name: str | None = Field(default=None, min_length=2, max_length=60)
    stop_confirmation: Literal["on", "off"] = "on"


class LawSettings(Settings):
    """The law of the place (R15)."""

    # The path of an owner's file of rows, from the package's folder, which becomes the functions' layer.
    law_file: str | None = Field(default=None, min_length=1)
