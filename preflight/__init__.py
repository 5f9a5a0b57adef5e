"""Says before an upload whether a document will get through, which limit binds, and what it costs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.judging import UserLimits
    from preflight.library import check, join, split, verify
    from preflight.manifest import Manifest
    from preflight.model import Report, Verdict
    from preflight.splitting import SplitOptions, SplitResult
    from preflight.verifier import Verification

__version__ = "0.1.0"
__all__ = [
    "Manifest",
    "Report",
    "SplitOptions",
    "SplitResult",
    "UserLimits",
    "Verdict",
    "Verification",
    "__version__",
    "check",
    "join",
    "split",
    "verify",
]

_PUBLIC = {
    "Manifest": "preflight.manifest",
    "Report": "preflight.model",
    "SplitOptions": "preflight.splitting",
    "SplitResult": "preflight.splitting",
    "UserLimits": "preflight.judging",
    "Verdict": "preflight.model",
    "Verification": "preflight.verifier",
    "check": "preflight.library",
    "join": "preflight.library",
    "split": "preflight.library",
    "verify": "preflight.library",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use: importing the package starts and loads nothing."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
