"""How large the large tests are: small in `make test`, full in CI, which sets `FULL_SIZE`."""

import os


def size(full: int, small: int) -> int:
    """Return the full size where `FULL_SIZE` is set, and else the small one."""
    return full if os.environ.get("FULL_SIZE") else small
