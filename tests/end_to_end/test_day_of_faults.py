"""A day on which everything around the functions fails in turn: no message is charged for it (G11).

`make day` runs the long one; `DAY_OF_FAULTS_MINUTES` is how long each fault lasts.
"""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.faults.day import FAULTS, begin_day
from tests.faults.day_checks import check_day
from tests.world import World

MINUTES = int(os.environ.get("DAY_OF_FAULTS_MINUTES", "3"))
# What one wave has in flight when Twilio stops to answer, and the probes of an hour.
IN_FLIGHT, PROBES = 10, 7


@pytest.mark.skipif("TEST_POOLER_PORT" in os.environ, reason="the pooler keeps its sessions")
def test_a_day_of_faults_loses_nothing_and_sends_nothing_twice(
    world: World,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    begin = world.now
    with begin_day(world, database_url, seed=1, monkeypatch=monkeypatch) as day:
        day.minute()
        for fault in FAULTS:
            day.pass_fault(fault, MINUTES)
            for _ in range(max(MINUTES // 2, 5)):
                day.minute()
        # The last batches come back within 15 minutes, and what waits for an hour of its person goes.
        for _ in range(30):
            day.minute()
        while day.true_now < begin + timedelta(days=1) and MINUTES >= 60:
            day.minute()
        report = check_day(day)
    record_property("day of faults", str(report))
    assert not report.problems(), "\n".join([str(report), *report.problems()])
    assert report.unknown <= report.doubtful_calls <= IN_FLIGHT + PROBES
    assert report.ends["sent"] > len(day.log.published) / 3
    # The faults without these come back in no batch: Twilio's and Claude's are outcomes of single messages.
    of_messages = {"twilio_503", "twilio_refuses_connections", "twilio_429", "claude_away"}
    assert set(FAULTS) - of_messages <= set(+day.log.felt), "each fault was felt"
