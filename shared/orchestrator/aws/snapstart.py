"""SnapStart: imports heavy libraries before Lambda takes the snapshot, so that a restored environment has them."""

import importlib
import os


def preload(*modules: str) -> None:
    """Import modules while Lambda initialises a snapshot; elsewhere they are imported where they are first used."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for module in modules:
            importlib.import_module(module)
