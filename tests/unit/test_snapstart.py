"""What SnapStart's snapshot holds."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("kind", "there"), [("snap-start", True), ("on-demand", False)])
def test_a_snapshot_holds_the_heavy_libraries_and_a_cold_start_does_not_wait_for_them(kind: str, there: bool) -> None:
    code = "from orchestrator.aws.snapstart import preload; import sys; preload('twilio.rest'); print('twilio.rest' in sys.modules)"
    environment = {**os.environ, "AWS_LAMBDA_INITIALIZATION_TYPE": kind}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.strip() == str(there)
