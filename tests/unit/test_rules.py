"""The tables of cases, against the pure core."""

import pytest

from orchestrator.rules.decision import decide
from orchestrator.rules.first_due import first_due
from orchestrator.settings import PolicySettings
from tests.cases import TableCase, describe, describe_due, read_cases, zone_of

POLICY = PolicySettings()
VERDICTS = list(read_cases("verdicts.txt"))
FIRST_DUE = list(read_cases("first_due.txt"))


@pytest.mark.parametrize("case", VERDICTS, ids=lambda case: case.situation)
def test_verdict(case: TableCase) -> None:
    verdict = decide(case.message, case.person, paused=case.paused, policy=POLICY, now=case.now)
    assert describe(verdict, case.now, zone_of(case.person)) == case.expected


@pytest.mark.parametrize("case", FIRST_DUE, ids=lambda case: case.situation)
def test_first_due(case: TableCase) -> None:
    due, reason = first_due(case.message, case.person, POLICY, case.now)
    assert describe_due(due, reason, case.now, zone_of(case.person)) == case.expected


def test_there_are_cases_enough_and_each_has_its_own_name() -> None:
    assert len(VERDICTS) >= 150
    for table in (VERDICTS, FIRST_DUE):
        assert len({case.situation for case in table}) == len(table)
