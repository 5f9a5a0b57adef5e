"""Loads all that a worker loads late, for servers whose workers are new for each document.

Each of them would spend 50 to 100 ms of CPU on it, ten times what a small document takes. Only for a fork server's
preload, where start-up does not matter.
"""

from __future__ import annotations

from importlib import import_module

from preflight import warm

LATE = (
    "encodings.cp1252",
    "encodings.cp437",
    "encodings.mac_roman",
    "encodings.utf_16_le",
    "extractors.image",
    "extractors.pdf.second",
    "extractors.plain",
    "preflight.cutting_tasks",
    "preflight.worker",
    "pydantic_core",
    "pypdf",
)

for name in LATE:
    import_module(name)
import_module("PIL.Image").init()

__all__ = ["warm"]
