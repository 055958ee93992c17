"""Invokes a Lambda function of the owner's with each event, without waiting for its answer."""

from collections.abc import Sequence
from uuid import UUID

from orchestrator.aws.clients import lambda_client
from orchestrator.clock import Countdown
from orchestrator.event_targets.answers import Refusal, TargetAnswer, body_of
from orchestrator.store.events import Event


def invoke_function(name: str, events: Sequence[Event], time_left: Countdown) -> TargetAnswer:
    """Invoke a function with each event, in order. Stops when one is refused: the next would be, too.

    Lambda queues an asynchronous invocation, and answers before the function runs (API reference of Lambda, Invoke).

    Args:
        name: its name or ARN.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    taken: list[UUID] = []
    for event in events:
        if time_left() <= 0:
            break
        try:
            lambda_client().invoke(FunctionName=name, InvocationType="Event", Payload=body_of(event).encode())
        except ClientError as error:
            return TargetAnswer(taken, {event.id: Refusal(error.response["Error"]["Code"])})
        except BotoCoreError as error:
            return TargetAnswer(taken, {event.id: Refusal(type(error).__name__)})
        taken.append(event.id)
    return TargetAnswer(taken)
