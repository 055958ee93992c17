"""What a function loads with its first wave, loaded once for all forked processes: half a second each."""

import babel.dates  # noqa: F401
import httpcore2  # noqa: F401  (the Anthropic client's transport)
import truststore  # noqa: F401

from orchestrator.wording.grounding import check_text

check_text("Hi Ada! Your two tickets for 7 May are here.", {"tickets": 2, "date": "2026-05-07"}, "Ada")
