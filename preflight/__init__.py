"""Says before an upload whether a document will get through, which limit binds, and what it costs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.library import check
    from preflight.model import Report, Verdict

__version__ = "0.1.0"
__all__ = ["Report", "Verdict", "__version__", "check"]

_PUBLIC = {"check": "preflight.library", "Report": "preflight.model", "Verdict": "preflight.model"}


def __getattr__(name: str) -> object:
    """Load a public name on first use: importing the package starts and loads nothing."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
