"""SnapStart: what is loaded before the snapshot is taken is there at once when it is restored."""

import importlib
import os


def preload(*modules: str) -> None:
    """Load heavy libraries into the snapshot, where nobody waits; elsewhere they are loaded where a call is made."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for module in modules:
            importlib.import_module(module)
