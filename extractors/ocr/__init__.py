"""THE TABLE OF OCR ENGINES, and the choice among them.

A new engine is one file that has the shape of :class:`extractors.ocr.base.OcrEngine` and one line in :data:`ENGINES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from extractors.errors import OcrLanguageMissing, OcrUnavailable
from extractors.ocr.tessdata import installed, missing_message, require

if TYPE_CHECKING:
    from extractors.ocr.base import OcrEngine

ENGINES: dict[str, str] = {
    "tesserocr": "extractors.ocr.tesserocr_engine:TesserocrEngine",
    "pytesseract": "extractors.ocr.pytesseract_engine:PytesseractEngine",
    "null": "extractors.ocr.null:NullEngine",
}

AUTO = "auto"
PREFERRED = ("tesserocr", "pytesseract")
"""What ``auto`` tries, the best first: tesserocr was measured a fifth cheaper a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The engine taken.

    Attributes:
        engine: Ready to recognize.
        why: One sentence that says which it is and why it was taken.
    """

    engine: OcrEngine
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """What there is of one engine on this machine, for ``preflight doctor``.

    Attributes:
        name: Key in :data:`ENGINES`.
        version: Version of Tesseract behind it; None when it cannot be used.
        languages: Codes it has data for, sorted.
        problem: Why it cannot be used and what to do; None when it can.
    """

    name: str
    version: str | None
    languages: tuple[str, ...]
    problem: str | None


def choose_engine(name: str, languages: tuple[str, ...]) -> OcrEngine:
    """Return the engine called ``name``, or for ``auto`` the best one that has all ``languages``.

    Raises:
        OcrLanguageMissing: There is no data for a language.
        OcrUnavailable: No such engine, or it is not installed.
    """
    return select_engine(name, languages).engine


def select_engine(name: str, languages: tuple[str, ...]) -> EngineChoice:
    """Like :func:`choose_engine`, and tell why this one.

    Raises:
        OcrLanguageMissing: There is no data for a language.
        OcrUnavailable: No such engine, or it is not installed.
    """
    if not languages:
        raise OcrLanguageMissing("No OCR language was given. Name at least one, for example eng.")
    if name == AUTO:
        return _best_engine(languages)
    engine = _made(name)
    require(languages, engine.languages() or (languages if name == "null" else ()))
    return EngineChoice(engine=engine, why=f"{name} {engine.version()} was asked for.")


def runs_program(name: str, languages: tuple[str, ...]) -> bool:
    """Whether the engine that will be taken starts a program of the system, told without loading any engine."""
    if name != AUTO:
        return name == "pytesseract"
    return find_spec("tesserocr") is None or not set(languages) <= set(installed())


def engine_states() -> tuple[EngineState, ...]:
    """Return what there is of each engine in the table, in its order; nothing is raised."""
    return tuple(_state(name) for name in ENGINES)


def _best_engine(languages: tuple[str, ...]) -> EngineChoice:
    passed_over: list[str] = []
    have: dict[str, frozenset[str]] = {}
    for name in PREFERRED:
        try:
            engine = _made(name)
            have[name] = engine.languages()
            version = engine.version()
        except OcrUnavailable as error:
            passed_over.append(str(error))
            continue
        missing = [code for code in languages if code not in have[name]]
        if not missing:
            others = f" ({' '.join(passed_over)})" if passed_over else ""
            return EngineChoice(
                engine=engine,
                why=f"{name} (Tesseract {version}) is the first engine with data for {', '.join(languages)}.{others}",
            )
        passed_over.append(f"{name} has no data for {', '.join(missing)}.")
    raise _none_fits(languages, have, passed_over)


def _none_fits(languages: tuple[str, ...], have: dict[str, frozenset[str]], passed_over: list[str]) -> OcrUnavailable:
    if not have:
        return OcrUnavailable(f"No OCR engine can be used. {' '.join(passed_over)}")
    anywhere = frozenset().union(*have.values())
    missing = [code for code in languages if code not in anywhere]
    if missing:
        return OcrLanguageMissing(missing_message(missing, anywhere))
    there = "; ".join(f"{name}: {', '.join(sorted(codes))}" for name, codes in have.items())
    return OcrLanguageMissing(
        f"No single OCR engine has data for all of {', '.join(languages)} ({there}). Install the missing data, or set "
        "TESSDATA_PREFIX to a folder that holds it all."
    )


def _state(name: str) -> EngineState:
    try:
        engine = _made(name)
        return EngineState(
            name=name, version=engine.version(), languages=tuple(sorted(engine.languages())), problem=None
        )
    except OcrUnavailable as error:
        return EngineState(name=name, version=None, languages=(), problem=str(error))


def _made(name: str) -> OcrEngine:
    dotted = ENGINES.get(name)
    if dotted is None:
        raise OcrUnavailable(f"No OCR engine is called “{name[:40]}”. Use one of {', '.join((AUTO, *ENGINES))}.")
    module, _, kind = dotted.partition(":")
    return cast("OcrEngine", getattr(import_module(module), kind)())
