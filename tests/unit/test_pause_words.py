"""Each scope of a pause has words: what it stops, what set it, and the command that ends it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.rules.pause_words import PauseRow, data_of, describe_in_words

SINCE = datetime(2026, 3, 3, 15, tzinfo=UTC)
END = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pause", "line"),
    [
        (
            PauseRow("everything", "", "ada", "provider incident", SINCE, None),
            "everything since 2026-03-03 10:00:00 EST by ada: provider incident (until `orchestrator resume`)",
        ),
        (
            PauseRow("lane", "low", None, None, SINCE, None),
            "lane low since 2026-03-03 10:00:00 EST by an operator (until `orchestrator resume --lane low`)",
        ),
        (
            PauseRow("spending", "", None, None, SINCE, END),
            "the ordinary lanes since 2026-03-03 10:00:00 EST by Twilio's ceiling of the day"
            " (until 2026-03-03 19:00:00 EST, or `orchestrator resume --spending`)",
        ),
        (
            PauseRow("spending", "urgent", None, None, SINCE, END),
            "everything since 2026-03-03 10:00:00 EST by three times Twilio's ceiling of the day"
            " (until 2026-03-03 19:00:00 EST)",
        ),
        (
            PauseRow("brake", "bulk 7", None, None, SINCE, END),
            "agent bulk 7 since 2026-03-03 10:00:00 EST by the throttle"
            " (until 2026-03-03 19:00:00 EST, or `orchestrator resume --agent 'bulk 7'`)",
        ),
        (
            PauseRow("type", "offer", None, None, SINCE, None),
            "type offer since 2026-03-03 10:00:00 EST by an operator (until `orchestrator resume --type offer`)",
        ),
        (
            PauseRow("country", "FR", None, None, SINCE, None),
            "texts to FR since 2026-03-03 10:00:00 EST by Twilio, which refuses texts to this country"
            " (until it ends by itself)",
        ),
        (
            PauseRow("country", "FR", None, None, SINCE, END),
            "texts to FR since 2026-03-03 10:00:00 EST by Twilio, which refuses texts to this country"
            " (until 2026-03-03 19:00:00 EST)",
        ),
        (
            PauseRow("moon", "full", None, None, SINCE, None),
            "moon full since 2026-03-03 10:00:00 EST by a function (until it ends by itself)",
        ),
    ],
)
def test_a_pause_in_words(pause: PauseRow, line: str) -> None:
    assert describe_in_words(pause, ZoneInfo("America/New_York")) == line


def test_pauses_as_data_name_what_they_stop_and_what_set_them() -> None:
    by_hand = PauseRow("lane", "low", "ada", "incident", SINCE, None)
    by_throttle = PauseRow("brake", "bulk", None, None, SINCE, END)
    assert data_of([by_hand, by_throttle]) == [
        {
            "scope": "lane",
            "value": "low",
            "stops": "lane low",
            "paused_by": "ada",
            "note": "incident",
            "paused_at": SINCE,
            "ends_at": None,
        },
        {
            "scope": "brake",
            "value": "bulk",
            "stops": "agent bulk",
            "paused_by": "the throttle",
            "note": None,
            "paused_at": SINCE,
            "ends_at": END,
        },
    ]
