"""What is said of one file of a batch: its line in ``report.jsonl``, its row in ``report.csv``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from preflight.model import fits_damaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.ledger.records import Json

COLUMNS = (
    "path",
    "verdict",
    "problem",
    "message",
    "media_type",
    "size_bytes",
    "unit_kind",
    "units",
    "need_ocr",
    "tokens_low",
    "tokens_likely",
    "tokens_high",
    "cost_low",
    "cost_likely",
    "cost_high",
    "currency",
    "upload_bytes",
    "limit",
    "limit_value",
    "limit_max",
    "limit_by",
    "pieces",
    "manifest",
    "damaged",
)
_FORMULA = frozenset("=+-@＝＋－＠")
"""A spreadsheet takes a cell that begins so for a formula, also in full width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One file.

    Attributes:
        path: Its name in the report.
        reports: Its report for each target; empty where it could not be read.
        report_bytes: The first of them as it goes into ``report.jsonl``.
        problem: Why it could not be read, or split.
        manifest: Where its manifest lies, below the folder of results.
        pieces: Number of its pieces; None without a manifest.
        complete: Everything of it is in its pieces.
    """

    path: str
    reports: Sequence[Json] = ()
    report_bytes: bytes = b"null"
    problem: Json | None = None
    manifest: str | None = None
    pieces: int | None = None
    complete: bool = True

    @property
    def verdict(self) -> str:
        """What to do with it."""
        return str(self.reports[0]["verdict"]) if self.reports else "unreadable"

    @property
    def damaged(self) -> bool:
        """Whether it can be read but is not whole: units are unreadable, or it fits and a finding is an error."""
        report: Json = self.reports[0] if self.reports else {}
        facts: Json = report.get("facts") or {}
        findings: list[Json] = report.get("findings") or []
        return self.verdict != "unreadable" and (
            any(one["kind"] == "unreadable" for one in facts.get("units") or ())
            or fits_damaged(self.verdict, (one["severity"] for one in findings))
        )

    def to_json(self) -> bytes:
        """Return the line of ``report.jsonl``; the report in it is byte for byte what ``check`` gives."""
        parts = {"manifest": _compact(self.manifest), "path": _compact(self.path), "problem": _compact(self.problem)}
        members = b",".join(b'"%s":%s' % (name.encode(), value) for name, value in parts.items())
        return b'{%s,"report":%s}\n' % (members, self.report_bytes)

    def to_row(self) -> list[str]:
        """Return the row of ``report.csv``, safe to open in a spreadsheet."""
        report: Json = self.reports[0] if self.reports else {}
        facts: Json = report.get("facts") or {}
        figures: Json = report.get("estimate") or {}
        tokens, cost, binding = figures.get("tokens") or {}, figures.get("cost") or {}, report.get("binding") or {}
        problem, source = self.problem or {}, report.get("source") or {}
        units = facts.get("units") or []
        values: list[Any] = [
            self.path,
            self.verdict,
            problem.get("code"),
            problem.get("detail"),
            source.get("media_type"),
            source.get("size_bytes"),
            facts.get("unit_kind"),
            facts.get("unit_count"),
            sum(bool(unit.get("needs_ocr")) for unit in units) if facts else None,
            *(tokens.get(name) for name in ("low", "likely", "high")),
            *(cost.get(name) for name in ("low", "likely", "high", "currency")),
            figures.get("upload_bytes"),
            *(binding.get(name) for name in ("limit", "value", "max", "by")),
            self.pieces,
            self.manifest,
            "yes" if self.damaged else None,
        ]
        return [_cell(value) for value in values]


def _cell(value: object) -> str:
    """Write a value so that no spreadsheet takes a name for a formula; only text can be one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    bare = value.lstrip()
    suspicious = bare[:1] in _FORMULA or value[:1] in "\t\r\n"
    return f"'{value}" if value and suspicious else value


def _compact(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
