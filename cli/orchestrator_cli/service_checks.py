"""The doctor looks outside: Twilio's account and number, Claude, and the way back to our webhook."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError
from orchestrator.settings import SenderSettings, WriterSettings, load
from orchestrator.sms.requests import STATUS_PATH
from orchestrator_cli.findings import Finding, bad, doubtful, good, skipped

if TYPE_CHECKING:
    from twilio.rest import Client

SECONDS = 10.0
# Toll-free numbers of the North American plan.
_TOLL_FREE = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
_REGISTER = "Register it: docs/twilio-setup.md, step 1. Until then carriers turn texts away."


def look_at_twilio() -> Iterator[Finding]:
    """Whether Twilio knows us, the sender is ours and may send texts, and carriers let it."""
    try:
        settings = load(SenderSettings)
    except OrchestratorError as error:
        yield skipped("twilio", "; ".join(line.partition(".")[0] for line in str(error).splitlines()))
        return
    from twilio.base.exceptions import TwilioException, TwilioRestException

    from orchestrator.sms.http import twilio_client

    client = twilio_client(settings, 1)
    try:
        account = client.api.v2010.accounts(settings.twilio_account_sid).fetch()
        if str(account.status) != "active":
            yield bad("twilio account", str(account.status), "Look in Twilio's console: funds, suspension.")
            return
        yield good("twilio account", "active")
        if settings.twilio_messaging_service_sid:
            yield from _look_at_service(client, settings.twilio_messaging_service_sid)
        elif settings.twilio_phone_number:
            yield from _look_at_number(client, settings.twilio_phone_number)
    except TwilioRestException as error:
        if error.status == 401:
            yield bad("twilio account", "refuses the token", "Correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
        else:
            yield bad("twilio", f"HTTP {error.status}, code {error.code}", "See twilio.com/docs/api/errors.")
    except TwilioException as error:
        yield bad("twilio", f"cannot be reached: {error}", "Check the network.")


def _look_at_service(client: "Client", sid: str) -> Iterator[Finding]:
    service = client.messaging.v1.services(sid)
    numbers = service.phone_numbers.list(limit=50)
    if not numbers:
        yield bad("messaging service", "has no numbers", "Add one: Messaging, Services, Sender Pool.")
        return
    yield good("messaging service", f"{len(numbers)} numbers")
    yield _campaign(status.campaign_status for status in service.us_app_to_person.list(limit=20))


def _look_at_number(client: "Client", number: str) -> Iterator[Finding]:
    found = client.incoming_phone_numbers.list(phone_number=number, limit=1)
    if not found:
        yield bad("sender", "is no number of this account", "Correct TWILIO_PHONE_NUMBER.")
        return
    capabilities: object = found[0].capabilities
    if not (isinstance(capabilities, Mapping) and capabilities.get("sms")):
        yield bad("sender", "cannot send texts", "Buy a number with SMS.")
        return
    yield good("sender", "is ours and sends texts")
    if number.startswith(_TOLL_FREE):
        verifications = client.messaging.v1.tollfree_verifications.list(
            tollfree_phone_number_sid=str(found[0].sid), limit=5
        )
        if any(str(one.status) == "TWILIO_APPROVED" for one in verifications):
            yield good("registration", "the toll-free number is verified")
        else:
            yield bad("registration", "the toll-free number is not verified", _REGISTER)
        return
    # A ten-digit number is registered through a messaging service that has it in its pool.
    for service in client.messaging.v1.services.list(limit=50):
        if any(one.phone_number == number for one in service.phone_numbers.list(limit=100)):
            yield _campaign(status.campaign_status for status in service.us_app_to_person.list(limit=20))
            return
    yield bad("registration", "the number is in no messaging service with a campaign", _REGISTER)


def _campaign(statuses: Iterator[str | None]) -> Finding:
    seen = sorted({str(status) for status in statuses})
    if "VERIFIED" in seen:
        return good("registration", "the A2P 10DLC campaign is verified")
    return bad("registration", f"no verified A2P 10DLC campaign ({', '.join(seen) or 'none'})", _REGISTER)


def look_at_claude() -> Iterator[Finding]:
    """Whether Claude takes the key and knows the model; asking that costs nothing."""
    try:
        settings = load(WriterSettings)
    except OrchestratorError as error:
        yield bad("claude", str(error), "Correct it.")
        return
    if settings.anthropic_api_key is None:
        yield doubtful(
            "claude",
            "no key: words are plain sentences, and free words to stop are not read",
            "Set ANTHROPIC_API_KEY, or the secret.",
        )
        return
    import anthropic

    key = settings.anthropic_api_key.get_secret_value()
    client = anthropic.Anthropic(api_key=key, max_retries=1, timeout=SECONDS)
    try:
        model = client.models.retrieve(settings.anthropic_model)
    except anthropic.AuthenticationError:
        yield bad("claude", "refuses the key", "Correct ANTHROPIC_API_KEY, or the secret.")
    except anthropic.NotFoundError:
        yield bad("claude", f"knows no model {settings.anthropic_model}", "Correct ANTHROPIC_MODEL.")
    except anthropic.AnthropicError as error:
        yield bad("claude", f"cannot be asked: {type(error).__name__}", "Check the network, and Claude's status page.")
    else:
        yield good("claude", f"{model.id} answers")


def look_at_webhook() -> Iterator[Finding]:
    """Whether an unsigned call is turned away by our own code: then signed ones arrive."""
    import urllib3

    try:
        base = load(SenderSettings).webhook_base_url
    except OrchestratorError:
        base = None
    if base is None:
        yield skipped("webhook", "WEBHOOK_BASE_URL is not set: nobody hears of replies and delivery")
        return
    try:
        answer = urllib3.request("POST", f"{base}{STATUS_PATH}", body=b"", timeout=SECONDS, retries=False)
    except urllib3.exceptions.HTTPError as error:
        yield bad("webhook", f"cannot be reached: {type(error).__name__}", "Check WEBHOOK_BASE_URL, DNS and the API.")
        return
    if answer.status == 403:
        yield good("webhook", "answers, and turns away who is not Twilio")
    else:
        yield bad(
            "webhook",
            f"answers {answer.status} where 403 is expected",
            "Check that WEBHOOK_BASE_URL leads to this stack's API.",
        )
