"""Which outside services of the local stack are real, and the variables by which functions reach them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator_local.stand_ins import claude, phones

_TWILIO_KEYS = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
_TWILIO_SENDERS = ("TWILIO_PHONE_NUMBER", "TWILIO_MESSAGING_SERVICE_SID")


@dataclass(frozen=True, slots=True)
class Services:
    """Which outside services are real.

    Attributes:
        twilio: the TWILIO_* variables of a real account; None for the stand-in.
        anthropic_key: a real key; None for the stand-in.
        phone: the only number that can be texted; None where no service is real.
    """

    twilio: Mapping[str, str] | None = None
    anthropic_key: str | None = None
    phone: str | None = None

    @property
    def any_real(self) -> bool:
        """Whether a service is real. Then the clock is the real one too."""
        return self.twilio is not None or self.anthropic_key is not None

    def variables(self, twilio_url: str, claude_url: str, webhook_url: str) -> dict[str, str]:
        """The variables by which functions reach Twilio and Claude.

        Args:
            twilio_url: the address of Twilio's stand-in.
            claude_url: the address of Claude's stand-in.
            webhook_url: the address at which Twilio's stand-in reaches the webhook.
        """
        variables: dict[str, str] = {}
        if self.twilio is None:
            variables |= {
                "TWILIO_ACCOUNT_SID": phones.ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": phones.AUTH_TOKEN,
                "TWILIO_PHONE_NUMBER": phones.SENDER,
                "TWILIO_API_BASE_URL": twilio_url,
                # Not set for the real Twilio, which cannot reach this machine.
                "WEBHOOK_BASE_URL": webhook_url,
            }
        else:
            variables |= self.twilio
        if self.anthropic_key is None:
            variables |= {"ANTHROPIC_API_KEY": claude.API_KEY, "ANTHROPIC_BASE_URL": claude_url}
        else:
            variables["ANTHROPIC_API_KEY"] = self.anthropic_key
        if self.phone:
            variables["RECIPIENT_ALLOWLIST"] = self.phone
        return variables


def services_from(environment: Mapping[str, str]) -> Services:
    """Real services where `DEMO_PHONE` and their keys are set, otherwise stand-ins."""
    phone = environment.get("DEMO_PHONE")
    if not phone:
        return Services()
    twilio = {name: environment[name] for name in (*_TWILIO_KEYS, *_TWILIO_SENDERS) if environment.get(name)}
    is_complete = set(_TWILIO_KEYS) < twilio.keys()
    return Services(twilio if is_complete else None, environment.get("ANTHROPIC_API_KEY") or None, phone)


def shell_environment() -> dict[str, str]:
    """The variables of this shell and of `.env`, which may hold real keys. The shell's values win."""
    from dotenv import dotenv_values

    values = {name: value for name, value in dotenv_values(".env").items() if value}
    return {**values, **os.environ}
