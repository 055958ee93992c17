"""What names a person in a queue's body, and what only looks like it."""

import json
import re

import pytest

from orchestrator.maintenance.traces import is_about, name_pattern, trace_pattern
from orchestrator.store.privacy import Identity

ID = "019cb436-8d80-7c88-af29-573dbcc32d40"
ADA = Identity(ID, "ada", "ada@example.com", "Ada Lovelace", "+12125550101", ["(212) 555-0108", "+12125550108"], [])
BEN = Identity(ID, "user_123/é", None, None, "+442079460123", [], [])
DELETED = Identity(ID, None, None, None, "forgotten-573dbcc32d", [], [])


@pytest.mark.parametrize(
    "body",
    [
        '{"user_id": "ada", "x": 1}',
        '{"user_id": "\\u0061d\\u0061"}',
        '{"user_id": "ada", "user_id": "ben"}',
        '{"userId":"ada"',
        "{'user_id': 'ada'}",
        "user_id=ada&x=1",
        "for ada, please",
        json.dumps({"body": json.dumps({"user_id": "ada"})}),
        json.dumps({"body": json.dumps({"body": json.dumps({"user_id": "\u0061da"})})}),
        ID.upper(),
        ID.replace("-", ""),
        '{"form": {"From": "+12125550101"}}',
        '{"form": {"From": "\\u002b1\\u0032125550101"}}',
        '{"form": {"From": "whatsapp:+12125550101"}}',
        "From=%2B12125550101&Body=x",
        "call 1 (212) 555-0101 now",
        "call 212.555.0108 now",
        "mail Ada@Example.com",
        "mail=ada%40example.com",
        "[" * 5_000 + '"ada"',
    ],
)
def test_a_body_that_names_the_person_is_found(body: str) -> None:
    assert is_about(ADA, body)


@pytest.mark.parametrize(
    "body",
    [
        '{"user_id": "adam"}',
        '{"user_id": "ada-2"}',
        '{"user_id": "ben", "message": "ada is a language"}',
        "no JSON about adam",
        "9912125550101",
        "121255501012",
        "2125550109",
        ID[:-1] + "1",
        "",
        "\\",
        "\ud800",
    ],
)
def test_a_body_about_another_person_is_not(body: str) -> None:
    assert not is_about(ADA, body)


def test_an_id_with_other_letters_and_a_foreign_number_are_found_in_each_spelling() -> None:
    for body in (
        json.dumps({"user_id": "user_123/é"}),
        '{"user_id": "user_123\\/\\u00e9',
        "user_id=user_123%2F%C3%A9",
        "+44 20 7946 0123",
        "0044 20 7946 0123",
    ):
        assert is_about(BEN, body) == (body[:2] != "00"), body
    assert not is_about(BEN, "user_123")


def test_a_foreign_number_of_eleven_digits_is_found_with_its_country_alone() -> None:
    """The numbers +33 1 99 00 are for works of fiction (arcep.fr)."""
    person = Identity(ID, "cleo", None, None, "+33199001234", [], [])
    assert not is_about(person, "call 3 1 99 00 12 34")
    assert is_about(person, "call +33 1 99 00 12 34")


def test_a_deleted_person_is_found_by_id_alone() -> None:
    assert is_about(DELETED, f'{{"user_id": "{ID}"}}')
    assert not is_about(DELETED, "+12125550101 ada")


def test_in_rows_of_others_an_ordinary_word_is_no_trace() -> None:
    traces = re.compile(trace_pattern(ADA), re.IGNORECASE)
    assert not traces.search('{"language": "ada", "said": "Ada Lovelace"}')
    assert traces.search('{"user_id": "ada"}')
    assert re.search(name_pattern(ADA) or "", "Dear Ada  Lovelace,")
    assert not re.search(name_pattern(ADA) or "", "Ada Lovelacey")
    assert name_pattern(BEN) is None
