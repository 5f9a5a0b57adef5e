"""The API's description: ``python -m api.openapi`` writes it, and a test holds the committed one against it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from api.app import create_app
from api.context import make_context
from preflight.service.options import ServiceOptions
from preflight.service.space import open_space
from preflight.settings import Settings
from preflight.wire import json_bytes


def described() -> bytes:
    """Return the description as JSON."""
    with tempfile.TemporaryDirectory() as folder, open_space(ServiceOptions(folder=Path(folder)), Settings()) as space:
        return json_bytes(create_app(make_context(space, None)).openapi())


if __name__ == "__main__":
    sys.stdout.buffer.write(described())
