"""Settings, built once by a front door: defaults < preflight.toml < PREFLIGHT_* < flags."""

from __future__ import annotations

import math
import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.cores import usable_cores
from preflight.errors import SettingsError
from preflight.isolation import ISOLATIONS, LEAST_MEMORY_BYTES, MEMORY_BYTES, Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "preflight.toml"
ENVIRONMENT, FLAGS = "environment", "flags"
# Over eleven days: as good as no deadline, and still a time every waiting call of the system takes.
MAX_SECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the work is done; never what the answer means.

    A field's name is its key in ``preflight.toml``; with ``PREFLIGHT_`` before it, its environment variable; with
    hyphens, its flag.
    """

    ocr_engine: str = field(default="auto", metadata={"help": "OCR engine: auto, tesserocr, pytesseract, null"})
    languages: tuple[str, ...] = field(
        default=("eng",), metadata={"help": "OCR languages, Tesseract codes joined by + (eng+deu)"}
    )
    jobs: int = field(default=0, metadata={"help": "Worker processes; 0 means one for each core that may be used"})
    timeout: float = field(default=600.0, metadata={"help": "Seconds of CPU allowed for one document"})
    unit_timeout: float = field(default=10.0, metadata={"help": "Seconds of CPU allowed for reading one page"})
    page_timeout: float = field(default=60.0, metadata={"help": "Seconds allowed for OCR of one page"})
    max_units: int = field(default=10_000, metadata={"help": "Pages or frames read at most"})
    isolation: str = field(
        default="auto", metadata={"help": "Lock workers down: required, auto (what the system offers), off"}
    )
    memory_limit_bytes: int = field(
        default=MEMORY_BYTES, metadata={"help": "Memory of one worker, in bytes; 0 for no limit"}
    )

    @property
    def guard(self) -> Guard:
        """How workers are kept."""
        isolation = next(one for one in ISOLATIONS if one == self.isolation)
        return Guard(isolation=isolation, memory_bytes=self.memory_limit_bytes)

    @property
    def workers(self) -> int:
        """Worker processes to start."""
        return self.jobs or usable_cores()


def load_settings(
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Build the settings of this run.

    Args:
        folder: Where ``preflight.toml`` is looked for; the working directory when None.
        environment: Variables; the process's when None.
        flags: Values given on the command line; entries that are None were not given.

    Raises:
        SettingsError: Unknown key, a value of the wrong kind, or a ``preflight.toml`` that cannot be read.
    """
    settings = Settings()
    path = (folder or Path()) / FILE_NAME
    settings = _apply(settings, _from_file(path), str(path))
    variables = os.environ if environment is None else environment
    known = {f"PREFLIGHT_{one.name.upper()}": one.name for one in fields(Settings)}
    settings = _apply(settings, {known[key]: value for key, value in variables.items() if key in known}, ENVIRONMENT)
    return _apply(settings, {key: value for key, value in (flags or {}).items() if value is not None}, FLAGS)


def _from_file(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no valid TOML: {error}. Mend it or remove it.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Make it readable or remove it.") from error


def _apply(settings: Settings, values: Mapping[str, object], where: str) -> Settings:
    names = {one.name for one in fields(Settings)}
    changes: dict[str, object] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in names:
            raise SettingsError(f"{where}: there is no setting {key}. Known: {', '.join(sorted(names))}.")
        called = _called(name, where)
        changes[name] = _convert(called, value, getattr(settings, name))
        _check(name, called, changes[name])
    return replace(settings, **changes)  # type: ignore[arg-type]  # each value was converted to its field's type


def _called(name: str, where: str) -> str:
    """What the user calls a setting there."""
    if where == FLAGS:
        return "--" + name.replace("_", "-")
    return f"PREFLIGHT_{name.upper()}" if where == ENVIRONMENT else f"{where}: {name}"


def _convert(called: str, value: object, default: object) -> object:
    """Turn a value of a file, variable or flag into the type of the field, taken from its default."""
    if isinstance(default, tuple):
        parts = value.replace("+", ",").split(",") if isinstance(value, str) else value
        if isinstance(parts, list | tuple) and parts and all(isinstance(one, str) and one for one in parts):
            return tuple(parts)
        raise SettingsError(f"{called} must be a list of words such as eng+deu, not {value!r}.")
    if isinstance(default, int):
        return _whole(called, value)
    if isinstance(default, float):
        return _seconds(called, value)
    if isinstance(value, str):
        return value
    raise SettingsError(f"{called} must be a word, not {value!r}.")


def _check(name: str, called: str, value: object) -> None:
    """Refuse values of the right type that make no sense."""
    if name == "isolation" and value not in ISOLATIONS:
        raise SettingsError(f"{called} must be one of {', '.join(ISOLATIONS)}, not {value!r}.")
    if name == "memory_limit_bytes" and isinstance(value, int) and 0 < value < LEAST_MEMORY_BYTES:
        raise SettingsError(f"{called} must be 0 or at least {LEAST_MEMORY_BYTES:,}, not {value:,}.")


def _whole(called: str, value: object) -> int:
    try:
        number = None if isinstance(value, bool | float) else int(str(value))
    except ValueError:
        number = None
    if number is None or number < 0:
        raise SettingsError(f"{called} must be a whole number, zero or more, not {value!r}.")
    return number


def _seconds(called: str, value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        number = math.nan
    if not 0 < number <= MAX_SECONDS:
        raise SettingsError(f"{called} must be seconds, over 0 and at most {MAX_SECONDS:,}, not {value!r}.")
    return number
