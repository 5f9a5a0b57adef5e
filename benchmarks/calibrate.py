"""A user's own profile of a service, from the seconds some documents took there.

What is fitted: seconds = request + page × pages + OCR page × pages without text. Documents of text tell the first two,
the others the third; high is the slowest seen and a quarter more, since the next document may be slower than any
before.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM = 1.25
_PROFILE = """schema = "preflight/target/1"
id = "bench-ocr"
name = "OCRmyPDF behind HTTP"
kind = "ocr"
[sources]
measured = {{ url = "the first part of this run", as_of = "{as_of}" }}
[facts]
speed = {{ value = "{documents} documents sent", unit = "rule", status = "confirmed", source = "measured" }}
[modes.default]
about = "the file is the body of the request"
transport = "raw"
[[accepts]]
media = ["pdf"]
sees = "text+image"
note = "it reads pages without text by OCR"
[seconds]
fact = "speed"
per_request = {request}
per_page = {page}
per_ocr_page = {ocr_page}
"""
_GATEWAY = """schema = "preflight/target/1"
id = "bench-nginx"
name = "the nginx of this run"
kind = "gateway"
[sources]
config = {{ url = "its nginx.conf", as_of = "{as_of}" }}
[facts]
max_body = {{ value = {body_bytes}, unit = "bytes", status = "confirmed", source = "config" }}
read_timeout = {{ value = {timeout_s}, unit = "s", status = "confirmed", source = "config" }}
[modes.default]
about = "as configured"
[[limits]]
fact = "max_body"
measure = "bytes"
[[limits]]
fact = "read_timeout"
measure = "seconds"
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A document sent: its pages, those without text in A4 pages, and the seconds it took."""

    pages: int
    ocr_pages: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Low, likely and high seconds."""

    request: tuple[float, float, float]
    page: tuple[float, float, float]
    ocr_page: tuple[float, float, float]

    def profile(self, as_of: str, documents: int) -> str:
        """The target as TOML."""
        rates = {name: list(getattr(self, name)) for name in ("request", "page", "ocr_page")}
        return _PROFILE.format(as_of=as_of, documents=documents, **rates)


def gateway(as_of: str, body_bytes: int, timeout_s: int) -> str:
    """The gateway as TOML."""
    return _GATEWAY.format(as_of=as_of, body_bytes=body_bytes, timeout_s=timeout_s)


def ocr_pages(unit: dict[str, float]) -> float:
    """What docs/targets.md says of per_ocr_page: 1 for a page without text up to A4, its area above, at most 8."""
    area = unit["width_pt"] * unit["height_pt"] / (595 * 842)
    return min(8.0, max(1.0, area)) if unit["needs_ocr"] or unit["native_chars"] == 0 else 0.0


def rates_of(samples: Sequence[Sample]) -> Rates:
    """Fit the rates.

    Raises:
        ValueError: Documents of text, of one page and of more, or documents without are missing.
    """
    single = [one.seconds for one in samples if (one.pages, one.ocr_pages) == (1, 0)]
    text = [one for one in samples if one.pages > 1 and not one.ocr_pages]
    scanned = [one for one in samples if one.ocr_pages]
    if not (single and text and scanned):
        raise ValueError("send a page of text, a longer document of text, and documents without text")
    request = statistics.median(single)
    page = _three([max(0.0, one.seconds - request) / one.pages for one in text])
    read = [max(0.0, one.seconds - request - page[1] * one.pages) / one.ocr_pages for one in scanned]
    return Rates(_three(single), page, _three(read))


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    return round(min(values), 3), round(statistics.median(values), 3), round(max(values) * ROOM, 3)
