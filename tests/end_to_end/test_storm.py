"""A short storm; `make storm` is the long one."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.faults.function_processes import rig
from tests.faults.storm import EXTRA, report, storm
from tests.sizes import size

MESSAGES = size(300, 100)


def test_whatever_breaks_nothing_is_lost_and_nothing_goes_twice(
    tmp_path: Path, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    seed = uuid4().int % 1_000_000
    with rig(tmp_path, database_url, EXTRA) as running:
        result, faults = storm(running, messages=MESSAGES, people=40, seed=seed)
    record_property("storm", report(result, faults, seed))
    assert result.clean, f"{report(result, faults, seed)}\n{result}"
    assert result.ends.total() == MESSAGES
    assert not {"queued", "approved", "sending"} & {end.split()[0] for end in result.ends}
    assert faults.thrown["kill -9"], "a storm without kills proves little"
