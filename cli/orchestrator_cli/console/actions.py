"""The actions of the console: each asks once, says what it will change, and is recorded with who and why."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from starlette.responses import Response

from orchestrator.clean_text import clean_text
from orchestrator.errors import OrchestratorError
from orchestrator.messages import Lane
from orchestrator.purpose import Purpose
from orchestrator.store.people import read_user
from orchestrator_cli.agents import AT_NIGHT, Switch, normal_prefix, propose_agent_settings, propose_removal
from orchestrator_cli.approvals import propose_approval, propose_refusal
from orchestrator_cli.console.messages_page import read_filter
from orchestrator_cli.console.visit import Visit, word_in
from orchestrator_cli.dead_letters import SourceQueue
from orchestrator_cli.dlq import propose_redrive
from orchestrator_cli.message_list import find_withdrawable, propose_release, propose_withdrawal
from orchestrator_cli.options import parse_reason
from orchestrator_cli.output import without_styles
from orchestrator_cli.pauses import RESUMABLE, propose_pause, propose_resume, scope_of
from orchestrator_cli.person_columns import columns_of
from orchestrator_cli.proposals import Proposal
from orchestrator_cli.users import propose_opt_out, propose_user_change


class YesNo(StrEnum):
    """An answer of a form."""

    YES = "yes"
    NO = "no"


# What the question adds to the fields of an action.
_OF_QUESTION = ("action", "asked", "why")


def ask(visit: Visit) -> Response:
    """The question of an action: what it will change."""
    return _ask(visit, _propose(visit), note="")


def act(visit: Visit) -> Response:
    """Do what the operator was asked, and show the result; where it has become something else, ask again."""
    proposal = _propose(visit)
    if _words(visit.fields.get("asked", "")) != _words(proposal.question):
        return _ask(visit, proposal, note="What it would change is different by now. Look again.")
    if "why" not in visit.fields:
        return _ask(visit, proposal, note="Write why: it is recorded with your name.")
    result = proposal.apply(parse_reason(visit.fields["why"]))
    return visit.page("done", lines=list(map(without_styles, result.lines)), back=visit.fields.get("back", "/"))


def _words(question: str) -> list[str]:
    """A question as a form returns it: cleaned, and with other white space."""
    return clean_text(question).split()


def _ask(visit: Visit, proposal: Proposal, note: str) -> Response:
    hidden = {name: value for name, value in visit.fields.items() if name not in _OF_QUESTION}
    return visit.page("ask", question=proposal.question, hidden=hidden, note=note, action=visit.fields["action"])


def _propose(visit: Visit) -> Proposal:
    propose = _PROPOSALS.get(visit.fields["action"])
    if propose is None:
        raise OrchestratorError(f"There is no action {visit.fields['action']!r}.")
    return propose(visit)


def _propose_withdrawal(visit: Visit) -> Proposal:
    message_id = visit.id("message_id")
    given = {name: visit.fields[name] for name in ("user", "agent", "topic") if name in visit.fields}
    if message_id is None and not given:
        raise OrchestratorError("Name a message, a person, an agent or a topic.")
    named = [] if message_id is None else [message_id]
    found = find_withdrawable(visit.connection, named, read_filter(visit.connection, given))
    if not found.number:
        raise OrchestratorError(" ".join(["Nothing waits that could be withdrawn.", *found.past]))
    return propose_withdrawal(visit.connection, visit.clock, found)


def _propose_release(visit: Visit) -> Proposal:
    return propose_release(visit.connection, visit.clock, _message(visit), at_once="at_once" in visit.fields)


def _propose_approval(visit: Visit) -> Proposal:
    return propose_approval(visit.connection, visit.clock, _message(visit))


def _propose_refusal(visit: Visit) -> Proposal:
    return propose_refusal(visit.connection, visit.clock, _message(visit))


def _propose_pause(visit: Visit) -> Proposal:
    kind, value = visit.fields.get("kind", ""), visit.fields.get("value")
    names = {each: value if each == kind else None for each in ("lane", "agent", "message_type", "user")}
    if kind not in ("everything", *names) or (kind == "everything") is not (value is None):
        raise OrchestratorError("Choose what is paused: everything without a name, or one thing with its name.")
    lane = word_in({"lane": value}, "lane", Lane) if kind == "lane" and value else None
    scope = scope_of(visit.connection, lane, names["agent"], names["message_type"], names["user"])
    return propose_pause(visit.connection, visit.clock, *scope)


def _propose_resume(visit: Visit) -> Proposal:
    scope, value = visit.fields.get("scope", ""), visit.fields.get("value", "")
    if scope not in RESUMABLE:
        raise OrchestratorError(f"Name what is paused: one of {', '.join(RESUMABLE)}.")
    return propose_resume(visit.connection, visit.clock, scope, value)


def _propose_redrive(visit: Visit) -> Proposal:
    queue = word_in(visit.fields, "queue", SourceQueue)
    if queue is None:
        raise OrchestratorError("Name a queue.")
    return propose_redrive(queue, None)


def _propose_user_change(visit: Visit) -> Proposal:
    texts = (visit.fields.get(name) for name in ("phone", "name", "zone", "place", "external_id", "quiet_hours"))
    phone, name, zone, place, external_id, quiet_hours = texts
    limits = (_whole_number(visit.fields, name) for name in ("daily_limit", "hourly_limit"))
    columns = columns_of(phone, name, zone, place, external_id, quiet_hours, *limits)
    if not columns:
        raise OrchestratorError("Give at least one value to change.")
    return propose_user_change(visit.connection, visit.clock, _person(visit), columns)


def _propose_opt_out(visit: Visit) -> Proposal:
    now = visit.clock()
    person = read_user(visit.connection, _person(visit), now).person
    return propose_opt_out(visit.connection, now, person, now)


def _propose_agent_settings(visit: Visit) -> Proposal:
    fields = visit.fields
    given: dict[str, Any] = {}
    if "hourly_limit" in fields:
        given["hourly_limit"] = None if fields["hourly_limit"] == "none" else _whole_number(fields, "hourly_limit")
    if urgent := word_in(fields, "urgent", YesNo):
        given["may_use_urgent"] = urgent is YesNo.YES
    if at_night := word_in(fields, "urgent_at_night", Switch):
        given["urgent_at_night"] = AT_NIGHT[at_night]
    if purpose := word_in(fields, "purpose", Purpose):
        given["purpose"] = purpose
    if approval := word_in(fields, "approval", YesNo):
        given["needs_approval"] = approval is YesNo.YES
    if not given:
        raise OrchestratorError("Give at least one value to set.")
    return propose_agent_settings(visit.connection, visit.clock, _prefix(visit), given)


def _propose_agent_removal(visit: Visit) -> Proposal:
    return propose_removal(visit.connection, visit.clock, _prefix(visit))


def _message(visit: Visit) -> UUID:
    message_id = visit.id("message_id")
    if message_id is None:
        raise OrchestratorError("Name a message.")
    return message_id


def _person(visit: Visit) -> str:
    user_id = visit.id("user_id")
    if user_id is None:
        raise OrchestratorError("Name a person.")
    return str(user_id)


def _prefix(visit: Visit) -> str:
    if "prefix" not in visit.fields:
        raise OrchestratorError("Give the beginning of the agents' ids.")
    return normal_prefix(visit.fields["prefix"])


def _whole_number(fields: Mapping[str, str], name: str) -> int | None:
    text = fields.get(name)
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 7):
        raise OrchestratorError(f"{name}: {text!r} is no whole number.")
    return int(text) if text else None


_PROPOSALS: Mapping[str, Callable[[Visit], Proposal]] = {
    "withdraw": _propose_withdrawal,
    "release": _propose_release,
    "approve": _propose_approval,
    "refuse": _propose_refusal,
    "pause": _propose_pause,
    "resume": _propose_resume,
    "redrive": _propose_redrive,
    "change-person": _propose_user_change,
    "opt-out": _propose_opt_out,
    "set-agent": _propose_agent_settings,
    "remove-agent": _propose_agent_removal,
}
