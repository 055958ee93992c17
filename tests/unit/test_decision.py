"""Decisions on one message, from the tables of cases."""

import pytest

from orchestrator.jurisdictions import read_law
from orchestrator.rules.decision import decide
from orchestrator.rules.first_due import first_due
from orchestrator.settings import PolicySettings
from tests.cases import TableCase, describe, describe_due, read_cases, zone_of

POLICY = PolicySettings()
LAW = read_law()
DECISIONS = list(read_cases("verdicts.txt"))
FIRST_DUE = list(read_cases("first_due.txt"))


@pytest.mark.parametrize("case", DECISIONS, ids=lambda case: case.situation)
def test_decide(case: TableCase) -> None:
    decision = decide(case.message, case.person, paused=case.paused, policy=POLICY, law=LAW, now=case.now)
    assert describe(decision, case.now, zone_of(case.person)) == case.expected


@pytest.mark.parametrize("case", FIRST_DUE, ids=lambda case: case.situation)
def test_first_due(case: TableCase) -> None:
    due, reason = first_due(case.message, case.person, POLICY, case.now)
    assert describe_due(due, reason, case.now, zone_of(case.person)) == case.expected


def test_the_tables_are_large_and_each_case_has_its_own_name() -> None:
    assert len(DECISIONS) >= 150
    for table in (DECISIONS, FIRST_DUE):
        assert len({case.situation for case in table}) == len(table)
