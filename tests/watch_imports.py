"""Preloaded into a fork server: notes what its workers import, in the file that WATCHED_IMPORTS names."""

from __future__ import annotations

import os
import sys

_SERVER = os.getpid()
_NOTES = os.open(os.environ["WATCHED_IMPORTS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and os.getpid() != _SERVER:
        os.write(_NOTES, f"{arguments[0]}\n".encode())


sys.addaudithook(_note)
