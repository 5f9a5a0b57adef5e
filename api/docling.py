"""What docling-serve's ``POST /v1/convert/file`` takes and gives (github.com/docling-project/docling-serve, v1).

Of its options those are honoured that concern text; the rest tunes models that are not here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from preflight.errors import UsageError
from preflight.textual import lost_units, unit_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.textual import DocumentText

FORMATS = ("md", "text")
_THEIRS = ("md", "json", "html", "html_split_page", "text", "doctags", "yaml", "vtt")
_TESSERACT = {
    "ar": "ara", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra",
    "he": "heb", "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por",
    "ro": "ron", "ru": "rus", "sv": "swe", "tr": "tur", "uk": "ukr", "zh": "chi_sim",
}  # fmt: skip
"""ISO 639-1, as the engines there have it, to Tesseract's names."""
_LANGUAGE = re.compile(r"[A-Za-z_]{2,20}")
_NAME = re.compile(r"[a-z_]{1,40}")
_WITHOUT_EFFECT = frozenset({
    "from_formats", "image_export_mode", "ocr_engine", "ocr_preset", "ocr_custom_config", "pdf_backend", "table_mode",
    "table_cell_matching", "pipeline", "document_timeout", "abort_on_error", "do_table_structure", "include_images",
    "images_scale", "md_page_break_placeholder", "do_code_enrichment", "do_formula_enrichment",
    "do_picture_classification", "do_chart_extraction", "do_picture_description",
    "picture_description_area_threshold", "picture_description_local", "picture_description_api",
    "picture_description_preset", "vlm_pipeline_model", "vlm_pipeline_model_local", "vlm_pipeline_model_api",
    "target_type", "return_as_file",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a caller wants.

    Attributes:
        formats: Of :data:`FORMATS`.
        missing: Formats that were asked for and are not made here.
        ocr: As for :func:`preflight.textual.document_text`.
        languages: OCR languages; the service's when None.
        pages: First and last page wanted; None for all.
        ignored: Names of options that nobody here knows.
    """

    formats: tuple[str, ...] = ("md",)
    missing: tuple[str, ...] = ()
    ocr: str = "auto"
    languages: tuple[str, ...] | None = None
    pages: tuple[int, int] | None = None
    ignored: tuple[str, ...] = ()


def options_from(fields: Sequence[tuple[str, str]]) -> Options:
    """Read the fields of a form.

    Raises:
        UsageError: An option has no sensible value, or asks for what is not made here.
    """
    given: dict[str, list[str]] = {}
    for name, value in fields:
        given.setdefault(name.removesuffix("[]"), []).append(value)
    if given.pop("target_type", ["inbody"]) != ["inbody"] or _flag(given, "return_as_file", default=False):
        raise UsageError("The text is given in the answer alone. Leave `target_type` and `return_as_file` out.")
    wanted = given.pop("to_formats", ["md"])
    if not set(wanted) <= set(_THEIRS) or not set(wanted) & set(FORMATS):
        raise UsageError("Of `to_formats` this service makes md and text. Ask for one of them.")
    read, always = _flag(given, "do_ocr", default=True), _flag(given, "force_ocr", default=False)
    options = Options(
        formats=tuple(one for one in FORMATS if one in wanted),
        missing=tuple(sorted(set(wanted) - set(FORMATS))),
        ocr="always" if read and always else "auto" if read else "never",
        languages=_languages(given.pop("ocr_lang", [])),
        pages=_pages(given.pop("page_range", [])),
    )
    unknown = sorted(name for name in given if name not in _WITHOUT_EFFECT and _NAME.fullmatch(name))
    return replace(options, ignored=tuple(unknown))


def answer_from(text: DocumentText, name: str, options: Options, seconds: float) -> dict[str, object]:
    """Return the answer. What is missing of the text makes it a partial success, and is said.

    Args:
        text: The text.
        name: Display name of the document.
        options: What was wanted.
        seconds: How long it took.
    """
    first, last = options.pages or (1, 1 << 31)
    units = [unit for unit in text.units if first <= unit.number <= last]
    lost = lost_units(text) & {unit.number for unit in units} if options.pages else lost_units(text)
    wrong = [finding.message for finding in text.findings if lost & set(finding.units)]
    wrong += [f"{one} is not made by this service." for one in options.missing]
    whole = {
        form: "\n\n".join(words for words in (unit_words(text, unit, kind) for unit in units) if words)
        for form, kind in (("md", "markdown"), ("text", "text"))
        if form in options.formats
    }
    return {
        "document": {
            "filename": name,
            "md_content": whole.get("md"),
            "json_content": None,
            "html_content": None,
            "text_content": whole.get("text"),
            "doctags_content": None,
        },
        "status": "partial_success" if wrong or not text.complete else "success",
        "errors": [
            {"component_type": "document_backend", "module_name": "upload-preflight", "error_message": one}
            for one in wrong
        ],
        "processing_time": round(seconds, 3),
        "timings": {},
    }


def _flag(given: dict[str, list[str]], name: str, *, default: bool) -> bool:
    values = given.pop(name, [])
    if not values:
        return default
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if len(values) > 1 or values[0].lower() not in words:
        raise UsageError(f"`{name}` is true or false.")
    return words[values[0].lower()]


def _languages(given: Sequence[str]) -> tuple[str, ...] | None:
    named = [part.strip() for one in given for part in one.strip("[]").replace('"', "").split(",") if part.strip()]
    if not all(_LANGUAGE.fullmatch(one) for one in named) or len(named) > 10:
        raise UsageError("`ocr_lang` takes up to ten codes such as en or deu.")
    return tuple(_TESSERACT.get(one.lower(), one) for one in named) or None


def _pages(given: Sequence[str]) -> tuple[int, int] | None:
    parts = [part.strip() for one in given for part in one.strip("[]()").split(",") if part.strip()]
    if not parts:
        return None
    numbers = [int(one) for one in parts if one.isdecimal() and len(one) < 20]
    if len(numbers) != 2 or len(parts) != 2 or not 1 <= numbers[0] <= numbers[1]:
        raise UsageError("`page_range` is the first and the last page.")
    return numbers[0], numbers[1]
