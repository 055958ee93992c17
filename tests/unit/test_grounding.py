"""What a rendered text may say: facts of the data, in the usual formats (G7)."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.wording.grounding import check_text

DATA = {
    "type": "invoice",
    "amount": 1200,
    "currency": "USD",
    "fee": 12.5,
    "due": "2026-11-22",
    "link": "https://pay.example/i/42",
    "contact": {"email": "help@pay.example", "phone": "+12125550123"},
    "items": ["a", "b", "c"],
}


@pytest.mark.parametrize(
    "text",
    [
        "You owe 1,200 dollars.",
        "You owe 1200, plus 12.50 in fees.",
        "Due on Nov 22.",
        "Due 11/22/2026",
        "Pay at https://pay.example/i/42.",
        "Pay at pay.example/i/42!",
        "Write to help@pay.example, or call 212-555-0123.",
        "Call (212) 555-0123",
        "There are 3 items.",
        "Hi Ada, all is well.",
    ],
)
def test_facts_from_the_data_may_be_said_in_the_usual_formats(text: str) -> None:
    assert check_text(text, DATA, "Ada").problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "You owe 1,300 dollars.",
        "Due on Nov 23.",
        "Pay at https://pay.example/i/43.",
        "Pay at paypal.example",
        "Write to evil@pay.example",
        "Call 212-555-0124",
        "There are 4 items.",
        "Only 50% left",
        "",
        "  ",
        '{"text": "hi"}',
        "[1]",
        "Hi {{name}}",
        "Hi [Name]",
        "**Bold** news",
        "# News",
        "```code```",
    ],
)
def test_everything_else_is_a_problem(text: str) -> None:
    found = check_text(text, DATA, "Ada")
    assert found.problems
    assert not found.needs_second_reading


NOW = datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("America/New_York"))


def read_cases(name: str, verdicts: set[str]) -> list[tuple[str, dict[str, object], str]]:
    lines = (Path(__file__).parents[1] / "cases" / name).read_text().splitlines()
    cases = [[part.strip() for part in line.split("|", 2)] for line in lines if line.strip() and line[0] != "#"]
    assert {verdict for verdict, _, _ in cases} == verdicts
    return [(verdict, {"type": "note", **json.loads(data)}, text) for verdict, data, text in cases]


@pytest.mark.parametrize(
    ("verdict", "data", "text"),
    read_cases("grounding.txt", {"true", "false"}),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_text_states_what_the_data_states(verdict: str, data: dict[str, object], text: str) -> None:
    found = check_text(text, data, "Ada", now=NOW)
    assert (found.problems == ()) == (verdict == "true"), found.problems


@pytest.mark.parametrize(
    ("verdict", "data", "text"),
    read_cases("second_readings.txt", {"sent", "again", "refused"}),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_text_is_sent_read_again_or_refused(verdict: str, data: dict[str, object], text: str) -> None:
    found = check_text(text, data, "Ada", now=NOW)
    became = "refused" if found.problems else "again" if found.needs_second_reading else "sent"
    assert became == verdict, found.problems


@pytest.mark.parametrize(
    ("data", "text", "doubtful"),
    [
        ({"approver": "Ana", "requester": "Boris"}, "Good news: Boris has it, and Ana knows.", True),
        ({"attendees": 12, "rooms": 3}, "3 are coming.", True),
        ({"attendees": 12, "rooms": 3}, "12 attendees are coming.", False),
        ({"vendors": ["Acme", "Borealis"]}, "Acme and Borealis match.", False),
        ({"amount": 25, "currency": "USD", "days": 5}, "Your refund of $25 arrives in 5 days.", False),
        ({"name": "Acme"}, "Acme matches.", False),
        (
            {"a": [{"name": "Acme", "city": "Oslo"}, {"name": "Tidal", "city": "Bergen"}]},
            "Acme, Tidal: Oslo, Bergen.",
            True,
        ),
        ({"days": 30, "goal_days": 50}, "A 50-day streak! Your goal is 30.", True),
        (
            {"today_minutes": 95, "average_minutes": 130},
            "130 minutes of screen time today, against an average of 95.",
            True,
        ),
        ({"invoice": "A-7", "days_overdue": 12}, "Invoice A-7 is due in 12 days.", True),
        ({"invoice": "A-7", "days_overdue": 12}, "Invoice A-7 is overdue by 12 days.", False),
        ({"zug": "RE 7", "verspaetung_minuten": 15}, "RE 7 ist pünktlich.", True),
        ({"bring": ["passport", "photo"]}, "Please bring your passport and two photos.", True),
        ({"total": "$412.50", "nights": 3}, "Three nights cost $412.50 each.", True),
        ({"refills": 2, "copay": "$12"}, "Twelve refills remain.", True),
        ({"person": "Grandma Rose"}, "It is the birthday of Grandpa Rose.", True),
        ({"person": "Grandma Rose"}, "It is Grandma's birthday.", False),
        ({"secretary": "Mei Lin"}, "The new auditor is Mei Lin.", True),
        ({"gym": "Acme", "open": True}, "Acme is open.", False),
        ({"gym": "Acme", "open": True}, "Acme is open unusually.", True),
        ({"gym": "Acme", "open": False}, "Acme is open.", True),
    ],
)
def test_what_code_cannot_tell_apart_is_read_once_more(data: dict[str, object], text: str, doubtful: bool) -> None:
    assert check_text(text, {"type": "note", **data}, "Ada").needs_second_reading is doubtful
