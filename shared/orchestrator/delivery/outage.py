"""An outage of Twilio: asks its list each ten seconds, and lets one text at a time go until one is answered (G2)."""

from collections.abc import Callable

from psycopg import Connection

from orchestrator.clock import Clock, wait
from orchestrator.delivery.handover import hand_over
from orchestrator.sms.message_list import MessageList
from orchestrator.store.schedule import claim_probe, is_twilio_out

# A tick lasts a minute: so many requests fit into it, so many seconds apart.
CHECKS_PER_TICK = 5
CHECK_SECONDS = 10.0


def probe_twilio(
    connection: Connection,
    message_list: MessageList | None,
    queue_url: str,
    clock: Clock,
    has_time: Callable[[], bool],
) -> int:
    """Wait for the end of an outage for the rest of a tick.

    A request for the newest text costs nothing. Only when it succeeds, one due text goes out as a probe, and the answer
    to it ends the outage. Each probe that fails makes the wait for the next one longer, up to 15 minutes.

    Args:
        message_list: where Twilio is asked; None probes with texts alone.
        clock: one that is moved makes this one request a tick.
        has_time: whether the tick has time for one more request.

    Returns:
        How many texts went as probes.
    """
    probes = 0
    for check in range(CHECKS_PER_TICK):
        if check and not wait(clock, CHECK_SECONDS):
            break
        if not has_time() or not is_twilio_out(connection):
            break
        if message_list is None or message_list.is_readable():
            claimed = claim_probe(connection, clock())
            # A message that SQS does not take is due again when its lease runs out.
            probes += len(claimed) - len(hand_over(queue_url, claimed, clock()))
    return probes
