"""Builds the evidence of a person: a page that a lawyer reads, with the same facts as JSON in a hash chain (R15)."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from psycopg import Connection

from orchestrator.errors import OrchestratorError
from orchestrator.people import zones_for
from orchestrator.purpose import Purpose
from orchestrator.rules.explanations import explain
from orchestrator.store.evidence import read_evidence

# How the page names a fact, where the name in the JSON does not say it to a reader who sees it for the first time.
_LABELS = {
    "at": "when",
    "local_times": "on the person's clock",
    "took_effect_at": "obeyed from",
    "ended_at": "ended by START",
    "number": "person's number",
    "outcome": "outcome of the call",
    "twilio_message_sid": "Twilio's id",
    "law": "law of the place",
    "decided_by": "why it went",
    "published_at": "published",
    "settled_at": "outcome known",
    "delivered_at": "delivered",
    "undelivered_at": "not delivered",
    "proved_by": "proof of the outcome",
    "codes": "Twilio's error codes",
    "part": "part of a sequence",
    "read_by": "recognized by",
}
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00")
# What the first entry of a chain takes for the hash of the one before it.
FIRST_HASH = "0" * 64
_JSON = re.compile(r'<script type="application/json" id="evidence">\n(.*?)\n</script>', re.DOTALL)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #999;padding:.5rem 0}dl{display:grid;grid-template-columns:11rem 1fr}"
    "dt{color:#555}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}code{overflow-wrap:anywhere}"
)


def build_evidence(
    connection: Connection, user_id: UUID, since: datetime, until: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return the entries of a person's evidence in order of time, chained by hashes.

    The first entry says whose evidence it is, of which span, and when it was made.
    """
    texts, stops = read_evidence(connection, user_id, since, until)
    facts = [*map(_text_facts, texts), *map(_stop_facts, stops)]
    facts.sort(key=lambda entry: str(entry["at"]))
    first = {
        "kind": "evidence",
        "at": _utc(now),
        "person": str(user_id),
        "from": _utc(since),
        "before": _utc(until),
        "texts": len(texts),
        "stops": len(stops),
    }
    return chain_entries([first, *facts])


def chain_entries(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give each entry its hash: SHA-256 of the hash before it and of the entry as JSON with sorted keys."""
    chain: list[dict[str, Any]] = []
    previous = FIRST_HASH
    for entry in entries:
        previous = _hash_of(previous, entry)
        chain.append({**entry, "hash": previous})
    return chain


def check_evidence(page: str) -> list[dict[str, Any]]:
    """Return the entries of an evidence file whose chain is whole.

    Raises:
        OrchestratorError: it is no evidence file, or an entry was altered, added or removed; the text names the entry.
            A file that was cut after an entry is found by the number of its entries alone.
    """
    found = _JSON.search(page)
    try:
        entries = json.loads(found[1]) if found else None
        expected = chain_entries([{key: entry[key] for key in entry if key != "hash"} for entry in entries or []])
        whole = 1 + entries[0]["texts"] + entries[0]["stops"] if entries else None
    except (ValueError, TypeError, KeyError, AttributeError):
        entries = None
    if not entries:
        raise OrchestratorError("This is no evidence file.")
    for place, (entry, right) in enumerate(zip(entries, expected, strict=True)):
        if entry.get("hash") != right["hash"]:
            raise OrchestratorError(f"The evidence was altered: the hash of entry {place} is not that of its facts.")
    if len(entries) != whole:
        raise OrchestratorError(f"The evidence was altered: it has {len(entries)} entries, and names {whole}.")
    if page != render_evidence(entries):
        raise OrchestratorError("The evidence was altered: the page does not show the facts of its JSON.")
    return list(entries)


def render_evidence(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the evidence as one HTML page, which needs nothing else and holds the entries as JSON."""
    first = entries[0]
    title = f"Evidence: texts to {first['person']}"
    shown = "\n".join(_article(place, entry) for place, entry in enumerate(entries))
    # In a script, only a `<` could end it.
    facts = json.dumps(entries, indent=1, ensure_ascii=True).replace("<", "\\u003c")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n"
        f"<p>Each text to one person from {_shown(first['from'])} and before {_shown(first['before'])}, and each wish "
        f"to get none: {first['texts']} texts and {first['stops']} wishes, in order of time, as known at "
        f"{_shown(first['at'])}. The owner of an agent sets the purpose of its texts. Marketing needs a consent "
        "and keeps the law of the place; other texts do where a setting or a row of the law asks for it. R1 to R15 are "
        "the rules in docs/rules.md of the Message Orchestrator. A secondary source reports a law and is not the law "
        "itself. Each entry's hash covers the entry and the hash before it. "
        f"Keep the last hash elsewhere: <code>{entries[-1]['hash']}</code></p>\n{shown}\n"
        f'<script type="application/json" id="evidence">\n{facts}\n</script>\n</html>\n'
    )


def _hash_of(previous: str, entry: Mapping[str, Any]) -> str:
    return hashlib.sha256((previous + json.dumps(entry, sort_keys=True)).encode()).hexdigest()


def _text_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one text to the person, as they stand in the file."""
    zones = zones_for(row["zone"], row["phone_number"])
    times = {name: _utc(row[name]) for name in ("published_at", "settled_at", "delivered_at", "undelivered_at")}
    return {
        "kind": "text",
        "at": _utc(row["started_at"]),
        "local_times": [f"{row['started_at'].astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z} ({zone.key})" for zone in zones],
        "number": row["phone_number"],
        "words": row["words"],
        "outcome": row["outcome"],
        "twilio_message_sid": row["twilio_message_sid"],
        "agent": row["agent_id"],
        "purpose": row["purpose"],
        "consent": row["consent"],
        "number_check": row["number_check"],
        "law": row["law_note"],
        "decided_by": _decisions(row),
        **times,
        "proved_by": row["proved_by"],
        "codes": [code for code in (row["error_code"], row["undelivered_code"]) if code is not None],
        "segments": row["segments"],
        "part": row["part"],
        "message_id": str(row["message_id"]),
        "text_id": str(row["text_id"]),
    }


def _decisions(row: Mapping[str, Any]) -> list[str]:
    """The rules that held, ended or let go a text, each with its time where it has one."""
    steps = [
        f"{entry['at']}: {'held' if entry['status'] == 'queued' else entry['status']}: "
        f"{explain(entry['reason'], entry['note'])}"
        for entry in row["decisions"]
    ]
    if row["confirms_opt_out"]:
        steps.append("the one confirmation of an opt-out (R11)")
    elif row["is_restored"]:
        steps.append("found at Twilio after the database was restored: what decided on it is lost")
    elif row["reply_to"]:
        steps.append(f"an answer to what the person wrote {_utc(row['reply_to'])} (R12)")
    elif row["active_since"]:
        steps.append(f"the person was active: they wrote {_utc(row['active_since'])} (R4)")
    else:
        by_law = ", consent and the law of the place" if row["purpose"] == Purpose.MARKETING else ""
        steps.append(
            f"priority {row['priority']}: hours, limits, pauses and opt-outs that bind it{by_law} let it go "
            f"({'R1-R6, R11, R15' if by_law else 'R1-R6, R11'})"
        )
    return steps


def _stop_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one STOP, as they stand in the file."""
    return {
        "kind": "stop",
        "at": _utc(row["came_at"]),
        "took_effect_at": _utc(row["took_effect_at"]),
        "ended_at": _utc(row["ended_at"]),
        "number": row["phone_number"],
        "scope": row["scope"],
        "channel": row["channel"],
        "words": row["words"],
        "read_by": row["read_by"],
        "note": row["note"],
    }


def _utc(at: datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat(timespec='microseconds')}"


def _article(place: int, entry: Mapping[str, Any]) -> str:
    """One entry as a list of facts; those that are empty are left out."""
    rows = "".join(
        f"<dt>{escape(_LABELS.get(name, name.replace('_', ' ')))}</dt><dd>{escape(shown)}</dd>"
        for name, value in entry.items()
        if name != "kind" and (shown := _shown(value))
    )
    return f"<article><h2>{place}. {escape(_heading(entry))}</h2><dl>{rows}</dl></article>"


def _heading(entry: Mapping[str, Any]) -> str:
    match entry["kind"]:
        case "text":
            purpose = f"{entry['purpose']} text" if entry["purpose"] else "text"
            # A toll-free number has no place.
            time = entry["local_times"][0] if entry["local_times"] else _shown(entry["at"])
            return f"A{'n' if purpose[0] in 'aeiou' else ''} {purpose}, {time}"
        case "stop":
            return f"A wish to get no more texts, {_shown(entry['at'])}"
        case _:
            return "This file"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(
            f"{name.replace('_', ' ')}: {_shown(fact)}" for name, fact in value.items() if fact is not None
        )
    if isinstance(value, list):
        return "\n".join(map(_shown, value))
    return "" if value is None else _INSTANT.sub(r"\1 \2 UTC", str(value))
