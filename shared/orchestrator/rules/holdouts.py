"""The people for whom the hour is not learned, so that the worth of learning can be measured (R7)."""

import hashlib
from enum import StrEnum
from uuid import UUID

# Of each 100 people, how many are in each holdout.
SHARE = 5


class Holdout(StrEnum):
    """Which hour a person's texts get, whatever is learned of them."""

    NONE = "none"
    DEFAULT = "default"
    POPULATION = "population"


def holdout_of(user_id: UUID) -> Holdout:
    """The holdout of a person, for good: the first eight bytes of the SHA-256 of their id, modulo 100.

    0 to 4 get the default hour, 5 to 9 the population's best hour.
    """
    place = int.from_bytes(hashlib.sha256(user_id.bytes).digest()[:8]) % 100
    if place < SHARE:
        return Holdout.DEFAULT
    return Holdout.POPULATION if place < 2 * SHARE else Holdout.NONE
