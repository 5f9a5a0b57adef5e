"""What is installed here, and what of it works."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from extractors.errors import OcrUnavailable
from extractors.ocr import engine_states, select_engine
from preflight import __version__
from preflight.isolation import Locked
from preflight.sandbox_probe import REFUSED, probe
from preflight.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from preflight.settings import Settings

PACKAGES = (
    "pypdfium2",
    "pikepdf",
    "pypdf",
    "python-docx",
    "lxml",
    "Pillow",
    "tesserocr",
    "pytesseract",
    "toktok-rs",
    "splintr-rs",
    "genai-prices",
    "fastapi",
    "uvicorn",
)


def diagnosis(flags: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return versions, OCR engines, how far workers are locked down, and whether all needed parts are there.

    Args:
        flags: Settings given on the command line.

    Returns:
        Plain data. ``healthy`` is False when the wanted OCR engine or a wanted language is missing, or isolation is
        required and not full.
    """
    settings = load_settings(flags=flags)
    locked, attempts = _isolation(settings)
    engines = {state.name: asdict(state) for state in engine_states() if state.name != "null"}
    try:
        choice = select_engine(settings.ocr_engine, settings.languages)
        chosen: dict[str, object] = {"engine": choice.engine.name, "why": choice.why}
    except OcrUnavailable as error:
        chosen = {"engine": None, "why": str(error)}
    return {
        "healthy": chosen["engine"] is not None and (settings.isolation != "required" or locked.level == "full"),
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "workers": settings.workers,
        "isolation": {
            "level": locked.level,
            "wanted": settings.isolation,
            "missing": list(locked.missing),
            "attempts": attempts,
            "memory_limit_bytes": settings.memory_limit_bytes,
        },
        "packages": {name: _version(name) for name in PACKAGES},
        "ocr": {"engines": engines, "wanted": settings.ocr_engine, "languages": list(settings.languages), **chosen},
    }


def _isolation(settings: Settings) -> tuple[Locked, dict[str, str]]:
    if settings.guard.isolation == "off":
        return Locked(level="none", missing=("It is switched off by the setting isolation.",)), {}
    return probe(settings.guard.isolation)


def diagnosis_view(found: dict[str, object]) -> RenderableType:
    """Return the diagnosis for people."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("upload-preflight", str(found["version"]))
    table.add_row("Python", f"{found['python']} ({found['system']})")
    table.add_row("workers", str(found["workers"]))
    table.add_row("isolation", _isolation_words(found["isolation"]))
    packages = found["packages"]
    if isinstance(packages, dict):
        for name, version in packages.items():
            table.add_row(name, Text("not installed", "yellow") if version is None else str(version))
    ocr = found["ocr"]
    if isinstance(ocr, dict):
        for name, engine in ocr["engines"].items():
            table.add_row(f"OCR: {name}", _engine_words(engine))
        table.add_row("OCR taken", Text(str(ocr["why"]), "green" if ocr["engine"] else "red"))
    verdict = Text("ready", "bold green") if found["healthy"] else Text("not ready", "bold red")
    return Group(table, verdict)


def _isolation_words(isolation: object) -> Text:
    if not isinstance(isolation, dict):
        return Text("unknown", "yellow")
    attempts = isolation["attempts"].values()
    refused = f"{sum(one == REFUSED for one in attempts)} of {len(attempts)} attempts to get out were refused"
    words = " ".join([f"{isolation['level']} ({refused}).", *isolation["missing"]])
    return Text(words, "green" if isolation["level"] == "full" else "yellow")


def _engine_words(engine: dict[str, object]) -> Text:
    languages = engine["languages"]
    if engine["version"] is None or not isinstance(languages, tuple):
        return Text(str(engine["problem"]), "yellow")
    return Text(f"Tesseract {engine['version']}, languages: {', '.join(languages) or 'none'}")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
