"""What verbs change. Every module here declares effects and gates; all are loaded with the room."""

import importlib
import pkgutil


def load() -> None:
    """Import every module of effects, so that what it declares is known."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")
