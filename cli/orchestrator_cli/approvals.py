"""The commands `approvals`, `approve` and `refuse`: an operator decides on the final words of agents' texts (R13)."""

import dataclasses
from typing import Annotated
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.errors import OrchestratorError
from orchestrator.ids import publisher_of
from orchestrator.rules.local_time import format_time
from orchestrator.store import approvals as store
from orchestrator.store.approvals import WordsToApprove
from orchestrator.store.operator_actions import Action
from orchestrator_cli.actions import audit
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import aws_user_id
from orchestrator_cli.options import AS_REASON, AsJson, Reason, Yes, parse_id
from orchestrator_cli.output import Table, show, show_json, stack_lines, style_line
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

MessageId = Annotated[UUID, typer.Argument(help="The message.", parser=parse_id, metavar="ID")]


@on_target
def approvals(
    limit: Annotated[int, typer.Option(help="Messages to show.", min=1)] = 20, as_json: AsJson = False
) -> None:
    """Show the final words that wait for approval, oldest first."""
    with open_database() as (connection, _):
        found = store.list_approvals(connection, limit)
    if as_json:
        show_json([dataclasses.asdict(text) for text in found])
        return
    if not found:
        show("No message waits for approval.")
        return
    table = Table("message, expires", "agent", "person", "words")
    for text in found:
        table.add_row(
            stack_lines(text.message_id, format_time(text.expires_at)),
            stack_lines(text.agent_id, "a reply" if text.is_reply else ""),
            text.external_id or text.user_id,
            text.words,
        )
    show(table)
    show("`orchestrator approve ID` sends exactly these words, when the other rules allow it; `refuse ID` ends it.")


@on_target
def approve(message_id: MessageId, reason: Reason = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Approve the final words of a message. It goes when the other rules allow it, in exactly these words."""
    with open_database() as (connection, clock):
        carry_out(propose_approval(connection, clock, message_id), reason, yes=yes, as_json=as_json)


@on_target
def refuse(
    message_id: MessageId,
    reason: Annotated[str, typer.Option("--reason", help="Why: it is recorded with your name.", **AS_REASON)],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End a message whose words must not go."""
    with open_database() as (connection, clock):
        carry_out(propose_refusal(connection, clock, message_id), reason, yes=yes, as_json=as_json)


def propose_approval(connection: Connection, clock: Clock, message_id: UUID) -> Proposal:
    """Approve the words of a message.

    Raises:
        OrchestratorError: it does not wait for approval, or was published by the one that asks.
    """
    text = _text_to_approve(connection, message_id)

    def apply(reason: str | None) -> ActionResult:
        now = clock()
        with audit(connection, now, Action("approve", str(message_id), reason=reason)):
            if not store.approve_words(connection, message_id, text.words, now):
                raise _waits_no_more(message_id)
        return ActionResult({"message_id": message_id}, [style_line("[green]Approved[/] {}.", message_id)])

    return Proposal(f"Approve these words of {text.agent_id}?\n{text.words}\n", apply)


def propose_refusal(connection: Connection, clock: Clock, message_id: UUID) -> Proposal:
    """End a message whose words are not approved.

    Raises:
        OrchestratorError: as `propose_approval`.
    """
    text = _text_to_approve(connection, message_id)

    def apply(reason: str | None) -> ActionResult:
        now = clock()
        with audit(connection, now, Action("refuse", str(message_id), reason=reason)):
            if not store.refuse_message(connection, message_id, now):
                raise _waits_no_more(message_id)
        return ActionResult({"message_id": message_id}, [style_line("[green]Refused[/] {}.", message_id)])

    return Proposal(f"Refuse these words of {text.agent_id}? The message ends.\n{text.words}\n", apply)


def _text_to_approve(connection: Connection, message_id: UUID) -> WordsToApprove:
    found = store.list_approvals(connection, 1, message_id)
    if not found:
        raise _waits_no_more(message_id)
    caller = aws_user_id()
    if caller is not None and publisher_of(caller) == found[0].published_by:
        raise OrchestratorError(f"{message_id} was published by your own role, which cannot decide on its words.")
    return found[0]


def _waits_no_more(message_id: UUID) -> OrchestratorError:
    return OrchestratorError(f"{message_id} does not wait for approval: `orchestrator explain {message_id}`.")
