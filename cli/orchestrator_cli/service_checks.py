"""Checks the services around us for `orchestrator doctor`: Twilio's account and sender, Claude, the webhook's URL."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError
from orchestrator.settings import SenderSettings, WriterSettings, load
from orchestrator.sms.addresses import is_toll_free
from orchestrator.sms.requests import STATUS_PATH
from orchestrator_cli.check_results import CheckResult, Grade

if TYPE_CHECKING:
    from twilio.rest import Client

# Seconds until a call to Claude or to the webhook counts as failed.
SECONDS = 10.0
_REGISTER = "Register it: docs/twilio-setup.md, step 1. Until then carriers reject texts."


def check_twilio() -> Iterator[CheckResult]:
    """Check that Twilio accepts the credentials, and that the sender is ours, can send texts and is registered."""
    try:
        settings = load(SenderSettings)
    except OrchestratorError as error:
        faults = "; ".join(line.partition(".")[0] for line in str(error).splitlines())
        yield CheckResult("twilio", Grade.SKIPPED, faults)
        return
    from twilio.base.exceptions import TwilioException

    from orchestrator.sms.client import twilio_client
    from orchestrator.sms.http import ErrorAnswer

    client = twilio_client(settings, 1)
    try:
        # A standard API key may not read the account (twilio.com/docs/iam/api-keys), but the sender below.
        if settings.twilio_api_key_sid is None:
            account = client.api.v2010.accounts(settings.twilio_account_sid).fetch()
            if str(account.status) != "active":
                fix = "See Twilio's console: balance, suspension."
                yield CheckResult("twilio account", Grade.BAD, str(account.status), fix)
                return
            yield CheckResult("twilio account", Grade.GOOD, "active")
        if settings.twilio_messaging_service_sid:
            yield from _check_messaging_service(client, settings.twilio_messaging_service_sid)
        elif settings.twilio_phone_number:
            yield from _check_number(client, settings.twilio_phone_number)
        # Only the console shows it (https://www.twilio.com/docs/messaging/features/compliance-toolkit).
        detail = "Twilio's API does not show whether it is on; in the console see Messaging, Settings, General"
        fix = "Leave it off: it moves or blocks texts by other hours than ours (codes 30047, 30610)."
        yield CheckResult("compliance toolkit", Grade.SKIPPED, detail, fix)
    except TwilioException as error:
        if isinstance(error, ErrorAnswer) and error.status == 401:
            fix = "Correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or the API key."
            yield CheckResult("twilio account", Grade.BAD, "Twilio rejects the credentials", fix)
        elif isinstance(error, ErrorAnswer):
            yield CheckResult("twilio", Grade.BAD, str(error), "See twilio.com/docs/api/errors.")
        else:
            yield CheckResult("twilio", Grade.BAD, f"cannot be reached: {error}", "Check the network.")


def _check_messaging_service(client: "Client", sid: str) -> Iterator[CheckResult]:
    service = client.messaging.v1.services(sid)
    numbers = service.phone_numbers.list(limit=50)
    if not numbers:
        fix = "Add one in Twilio's console: Messaging, Services, Sender Pool."
        yield CheckResult("messaging service", Grade.BAD, "has no numbers", fix)
        return
    yield CheckResult("messaging service", Grade.GOOD, f"{len(numbers)} numbers")
    yield _campaign_result(status.campaign_status for status in service.us_app_to_person.list(limit=20))


def _check_number(client: "Client", number: str) -> Iterator[CheckResult]:
    found = client.incoming_phone_numbers.list(phone_number=number, limit=1)
    if not found:
        fix = "Correct TWILIO_PHONE_NUMBER."
        yield CheckResult("sender", Grade.BAD, "is not a number of this account", fix)
        return
    capabilities: object = found[0].capabilities
    if not (isinstance(capabilities, Mapping) and capabilities.get("sms")):
        yield CheckResult("sender", Grade.BAD, "cannot send texts", "Buy a number with SMS.")
        return
    yield CheckResult("sender", Grade.GOOD, "belongs to this account and can send texts")
    if is_toll_free(number):
        verifications = client.messaging.v1.tollfree_verifications.list(
            tollfree_phone_number_sid=str(found[0].sid), limit=5
        )
        if any(str(verification.status) == "TWILIO_APPROVED" for verification in verifications):
            yield CheckResult("registration", Grade.GOOD, "the toll-free number is verified")
        else:
            yield CheckResult("registration", Grade.BAD, "the toll-free number is not verified", _REGISTER)
        return
    # A ten-digit number is registered through the messaging service that has it in its sender pool.
    for service in client.messaging.v1.services.list(limit=50):
        if any(pooled.phone_number == number for pooled in service.phone_numbers.list(limit=100)):
            yield _campaign_result(status.campaign_status for status in service.us_app_to_person.list(limit=20))
            return
    detail = "the number is in no messaging service with a campaign"
    yield CheckResult("registration", Grade.BAD, detail, _REGISTER)


def _campaign_result(statuses: Iterable[str | None]) -> CheckResult:
    found = sorted({str(status) for status in statuses})
    if "VERIFIED" in found:
        return CheckResult("registration", Grade.GOOD, "the A2P 10DLC campaign is verified")
    detail = f"no verified A2P 10DLC campaign ({', '.join(found) or 'none'})"
    return CheckResult("registration", Grade.BAD, detail, _REGISTER)


def check_claude() -> Iterator[CheckResult]:
    """Check that Claude answers one question of each kind, and report what that cost."""
    try:
        settings = load(WriterSettings)
    except OrchestratorError as error:
        yield CheckResult("claude", Grade.BAD, str(error), "Correct it.")
        return
    if settings.anthropic_api_key is None:
        detail = "no key: texts are plain sentences, and opt-outs are recognized by keywords and clear phrases only"
        yield CheckResult("claude", Grade.DOUBTFUL, detail, "Set ANTHROPIC_API_KEY, or the secret.")
        return
    from orchestrator.wording.claude import CallOutcome
    from orchestrator.wording.trial import call_once_each

    calls = call_once_each(settings, settings.claude_deadline_seconds)
    failures = {kind: made[-1] for kind, made in calls.items() if made[-1].outcome is not CallOutcome.ANSWERED}
    cost = sum((call.cost_usd for made in calls.values() for call in made), Decimal(0))
    for kind, call in failures.items():
        detail = f"{kind}: {call.outcome}, {call.error}"
        yield CheckResult("claude", Grade.BAD, detail, _fix_of(call.error or "", settings))
        if call.outcome is CallOutcome.REJECTED:
            return  # the other kinds are rejected for the same reason
    if not failures:
        effort = settings.anthropic_effort
        detail = f"{settings.anthropic_model} answers ({', '.join(calls)}; effort {effort}): {cost:.6f} USD"
        yield CheckResult("claude", Grade.GOOD, detail)


def _fix_of(error: str, settings: WriterSettings) -> str:
    if error.endswith((" 401", " 403")):
        return "Correct ANTHROPIC_API_KEY, or the secret."
    if error.endswith((" 400", " 404")):
        return f"Correct ANTHROPIC_MODEL ({settings.anthropic_model}) or ANTHROPIC_EFFORT."
    return "Check the network, Claude's status page and CLAUDE_DEADLINE_SECONDS."


def check_webhook() -> Iterator[CheckResult]:
    """Check that our webhook rejects an unsigned request, which shows that signed ones arrive at it."""
    import urllib3

    try:
        base = load(SenderSettings).webhook_base_url
    except OrchestratorError:
        base = None
    if base is None:
        detail = "WEBHOOK_BASE_URL is not set: replies and delivery reports do not arrive"
        yield CheckResult("webhook", Grade.SKIPPED, detail)
        return
    try:
        answer = urllib3.request("POST", f"{base}{STATUS_PATH}", body=b"", timeout=SECONDS, retries=False)
    except urllib3.exceptions.HTTPError as error:
        fix = "Check WEBHOOK_BASE_URL, DNS and the API."
        yield CheckResult("webhook", Grade.BAD, f"cannot be reached: {type(error).__name__}", fix)
        return
    if answer.status == 403:
        yield CheckResult("webhook", Grade.GOOD, "answers, and rejects requests that Twilio did not sign")
    else:
        detail = f"answers {answer.status} where 403 is expected"
        yield CheckResult("webhook", Grade.BAD, detail, "Check that WEBHOOK_BASE_URL leads to this stack's API.")
