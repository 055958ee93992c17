"""Reads a message's history: everything recorded about it, in order (G9)."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from orchestrator.messages import Lane
from orchestrator.people import zones_for
from orchestrator.rules.answer_curves import learn_hours
from orchestrator.rules.answer_hours import BestTimeKind, describe_best_time
from orchestrator.rules.explanations import describe_opt_out, explain
from orchestrator.rules.number_check import ASKED_EVERY, NumberAnswer, NumberCheck, describe_check
from orchestrator.rules.pause_words import describe_pause
from orchestrator.store.answer_hours import read_answer_hours
from orchestrator.store.database import one_round_trip, sql


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a message.

    Attributes:
        what: waits, published, accepted, held, asked Twilio, worded, judged, sending, an outcome, delivered,
            undelivered, rejected, opted out, the status in which it ended, or what an operator did: released,
            withdrawn, paused, resumed, approved, refused.
        detail: a sentence for operators, without phone numbers and without the message's words. It may hold an
            operator's own note.
        until: when a held message is due again, or a wait for its user ends; None for every other step.
        reason: why it was held, or ended; None for every other step.
    """

    at: datetime
    what: str
    detail: str
    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MessageHistory:
    """A message from publication to its end; `row` is None when the message was rejected."""

    message_id: UUID
    row: dict[str, Any] | None
    steps: list[Step]

    @property
    def zone(self) -> tzinfo:
        """The person's zone, or the first zone in which their number may be; UTC when neither is known."""
        if self.row is None:
            return UTC
        return next(iter(zones_for(self.row["timezone"], self.row["phone_number"])), UTC)


def read_message_history(connection: Connection, message_id: UUID) -> MessageHistory | None:
    """Return everything recorded about a message, in order of time; None when nothing is."""
    parameters = {"message_id": message_id, "asked_every": ASKED_EVERY}
    with one_round_trip(connection):
        message = connection.cursor(row_factory=dict_row).execute(sql("read_history_message"), parameters)
        timeline = connection.execute(sql("read_history_timeline"), parameters)
        attempts = connection.execute(sql("read_history_attempts"), parameters)
        calls = connection.execute(sql("read_history_calls"), parameters)
        verdicts = connection.execute(sql("read_history_relevance"), parameters)
        rejections = connection.execute(sql("read_history_rejections"), parameters)
        waits = connection.execute(sql("read_history_user_wait"), parameters)
        opt_outs = connection.execute(sql("read_history_opt_outs"), parameters)
        checks = connection.execute(sql("read_history_number_checks"), parameters)
    row = message.fetchone()
    steps = [
        *([] if row is None else _first_steps(row, _best_time_words(connection, row))),
        *([] if row is None else _operator_steps(connection, row)),
        *(_decision_step(*found) for found in timeline),
        *(
            Step(at, "worded", f"Claude ({model}): {outcome}{f', {error}' if error else ''}")
            for at, model, outcome, error in calls
        ),
        *(Step(at, "judged", f"{verdict}: {why} (R10)") for at, verdict, why in verdicts),
        *(
            Step(at, "asked Twilio", describe_check(NumberCheck(NumberAnswer(answer), since, at)))
            for at, since, answer in checks
        ),
        *(step for found in attempts for step in _attempt_steps(*found)),
        *(
            Step(since, "waits", f"{_by(agent)}waits for its user, who is not known yet; then it is rejected", until)
            for since, until, agent in waits
        ),
        *(Step(at, "rejected", f"{_by(agent)}{problem}") for at, agent, problem in rejections),
        *(
            Step(at, "opted out", describe_opt_out(source, note, recorded_at))
            for at, source, note, recorded_at in opt_outs
        ),
    ]
    if row is None and not steps:
        return None
    return MessageHistory(message_id, row, sorted(steps, key=lambda step: step.at))


def find_message(connection: Connection, text_id: UUID | str) -> UUID | None:
    """The message that a text belongs to; None where none is known.

    Args:
        text_id: the id of its `messages` row or of its attempt, or Twilio's id of it.
    """
    is_ours = isinstance(text_id, UUID)
    parameters = {"id": text_id if is_ours else None, "sid": None if is_ours else text_id}
    row = connection.execute(sql("find_message"), parameters).fetchone()
    return row[0] if row else None


def is_left_alone(connection: Connection, row_id: UUID) -> bool:
    """Whether a row of `messages` is left to another sender for good (R12)."""
    row = connection.execute("SELECT 1 FROM orchestrator.left_alone WHERE message_id = %s", (row_id,)).fetchone()
    return row is not None


def _by(agent_id: str | None) -> str:
    return f"by {agent_id}: " if agent_id else ""


def _first_steps(row: dict[str, Any], best_time: str) -> list[Step]:
    part = f", part {row['sequence_position']} of {row['sequence_total']}" if row["sequence_id"] else ""
    lane = "a reply" if row["is_reply"] else row["priority"]
    detail = f"by {row['agent_id']}, {row['purpose']}, {lane}{part}"
    steps = [
        (row["published_at"] or row["created_at"], "published", detail),
        (row["accepted_at"], "accepted", best_time),
    ]
    # A row of another sender may name no time at all.
    return [Step(at, what, why) for at, what, why in steps if at]


def _best_time_words(connection: Connection, row: dict[str, Any]) -> str:
    """Why its best time is when it is; empty for a message that has none, or of a release that said otherwise."""
    if row["best_kind"] not in set(BestTimeKind) or not row["best_at"]:
        return ""
    stored = read_answer_hours(connection, row["user_id"])
    local = row["best_at"].astimezone(next(iter(zones_for(row["timezone"], row["phone_number"])), UTC))
    learned = learn_hours(stored.evidence, stored.curves)
    words = describe_best_time(BestTimeKind(row["best_kind"]), local, learned)
    probability = row["best_probability"] or 1
    chance = f"; chosen for {probability:.0%} of such messages" if probability < 1 else ""
    return f"best time {words}{chance} (R7)"


# What an operator did, by the command.
_DONE_BY = {
    "release": "released",
    "withdraw": "withdrawn",
    "pause": "paused",
    "resume": "resumed",
    "approve": "approved",
    "refuse": "refused",
}


def _operator_steps(connection: Connection, row: dict[str, Any]) -> list[Step]:
    """What operators did to a message, and to what it belongs to while it waited."""
    agent_id, data = row["agent_id"].lower(), row["message_data"]
    scopes = [("everything", ""), ("spending", ""), *(("lane", lane) for lane in Lane)]
    scopes += [("type", str(data.get("type", "")))] if isinstance(data, dict) else []
    scopes += [("agent", agent_id[:length]) for length in range(1, len(agent_id) + 1)]
    targets = [describe_pause(scope, value).stops for scope, value in scopes]
    found = connection.execute(
        sql("read_history_actions"), {"message_id": row["id"], "pause_targets": targets}
    ).fetchall()
    # A release may have changed its lane.
    lanes = {row["priority"], *(change["lane"][0] for *_, change, _ in found if "lane" in change)}
    others = {describe_pause("lane", lane).stops for lane in Lane if lane not in lanes}
    steps = []
    for at, operator, action, target, change, reason in found:
        if target in others:
            continue
        # A release, an approval and a refusal, and a withdrawal by ids, name the message itself.
        of = "" if action == "release" or str(row["id"]) in target else f"{target or 'this person'}, "
        at_once = "at once, " if "lane" in change else ""
        steps.append(Step(at, _DONE_BY[action], f"{of}{at_once}by {operator}{f': {reason}' if reason else ''}"))
    return steps


def _decision_step(at: datetime, status: str, reason: str, until: datetime | None, note: str | None) -> Step:
    return Step(at, "held" if status == "queued" else status, explain(reason, note), until, reason)


def _attempt_steps(
    started_at: datetime,
    settled_at: datetime | None,
    outcome: str | None,
    sid: str | None,
    code: int | None,
    error: str | None,
    active: bool,
    evidence: str | None,
    delivered_at: datetime | None,
    undelivered_at: datetime | None,
    undelivered_code: int | None,
    law_note: str | None,
) -> list[Step]:
    why = "the person is active (R4)" if active else "handed to Twilio"
    steps = [Step(started_at, "sending", f"{why}; within {law_note} (R15)" if law_note else why)]
    if settled_at:
        detail = sid or " ".join(part for part in (error, f"(code {code})" if code else "") if part)
        by = f", proved by {evidence.replace('_', ' ')}" if evidence and evidence != "answer" else ""
        steps.append(Step(settled_at, outcome or "unknown", f"{detail}{by}"))
    if delivered_at:
        steps.append(Step(delivered_at, "delivered", ""))
    if undelivered_at:
        why = f"{error}, code {undelivered_code}" if error else f"code {undelivered_code}"
        steps.append(Step(undelivered_at, "undelivered", why if undelivered_code else ""))
    return steps
