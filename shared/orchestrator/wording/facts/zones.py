"""Time zones behind a time of day: EST, PT, UTC."""

import re
from collections.abc import Iterator

from orchestrator.wording.facts.kinds import Found, Zone

# Hours from UTC, as people use the names.
ZONES = {
    "UTC": (0,), "GMT": (0,), "EST": (-5,), "EDT": (-4,), "ET": (-5, -4), "CST": (-6,), "CDT": (-5,), "CT": (-6, -5),
    "MST": (-7,), "MDT": (-6,), "MT": (-7, -6), "PST": (-8,), "PDT": (-7,), "PT": (-8, -7), "CET": (1,), "CEST": (2,),
    "BST": (1,), "MEZ": (1,), "MESZ": (2,),
    "Eastern": (-5, -4), "Central": (-6, -5), "Mountain": (-7, -6), "Pacific": (-8, -7),
}  # fmt: skip
_ZONE = re.compile(rf"(?<=[\d\0mM.] )(?P<zone>{'|'.join(sorted(ZONES, key=len, reverse=True))})\b")


def find_zones(text: str) -> Iterator[Found]:
    """Yield the time zones of a text; `\\0` stands for a time that is found already."""
    for match in _ZONE.finditer(text):
        yield Found(match.start(), match.end(), (Zone(match["zone"]),))
