"""Statements of the texts that a former webhook still writes into `messages`: read them, record what they ask (R11)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from psycopg import Connection

from orchestrator.rules.intents import Intent
from orchestrator.rules.past_texts import PastText
from orchestrator.store.conversation import ClassifiedText, opt_out_of
from orchestrator.store.database import columns, one_round_trip, sql
from orchestrator.store.opt_outs import OptIn, write_opt_ins, write_opt_outs

# How long the former webhook may take to commit a row, counted from its `created_at`.
OVERLAP = timedelta(minutes=10)
# The source of the opt-outs.
FORMER_WEBHOOK = "former_webhook"


def read_texts_of_former_webhook(connection: Connection, now: datetime, limit: int) -> list[PastText]:
    """Read the texts that came since the last reading and are not classified, oldest first; one round trip.

    The first reading begins at `now`, less the overlap: what came before is for the adoption. Texts without a time
    (`messages.created_at` is null) come last, with `now` as theirs, however old they are.
    """
    parameters = {"now": now, "overlap": OVERLAP, "limit": limit}
    with one_round_trip(connection):
        rows = connection.execute(sql("read_texts_of_former_webhook"), parameters)
    return [PastText(*row) for row in rows]


def classify_texts_of_former_webhook(
    connection: Connection, texts: Sequence[ClassifiedText], now: datetime
) -> Counter[str]:
    """Record what texts are taken for, with the STOP and START among them; one round trip.

    A repetition changes nothing. The opt-outs get no confirmation from us: Twilio or the former system confirms.

    Returns:
        The texts that were not classified before, by kind.
    """
    opt_outs = [
        opt_out
        for text in texts
        if (opt_out := opt_out_of(text.kind, FORMER_WEBHOOK, text.phone_number, text.received_at, None))
    ]
    starts = [_opt_in(text) for text in texts if text.kind is Intent.START]
    opt_ins = [*starts, *(_opt_in(text) for text in texts if text.kind is Intent.YES)]
    rows = columns(texts, "inbound_id", "user_id", "phone_number", "kind", "judged_by", "received_at")
    with one_round_trip(connection):
        connection.execute(sql("lock_users_by_number"), rows)
        # Before the texts: YES is taken for START only where it ended an opt-out.
        write_opt_outs(connection, opt_outs, now)
        write_opt_ins(connection, opt_ins)
        if opt_ins:
            connection.execute(sql("reopen_texts"), columns(opt_ins, "phone_number", "at"))
        classified = connection.execute(sql("classify_texts_of_former_webhook"), rows)
        if opt_outs or starts:
            connection.execute(sql("resolve_unread_texts"), columns([*opt_outs, *starts], "phone_number", "at"))
    return Counter(kind for (kind,) in classified)


def _opt_in(text: ClassifiedText) -> OptIn:
    return OptIn(text.phone_number, text.received_at, number_hash=None)
