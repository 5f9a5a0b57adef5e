"""What a folder would cost, target by target, and which files will not get through, before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.wording import limit_words

if TYPE_CHECKING:
    from preflight.ledger.records import Json

ENDS = ("low", "likely", "high")


@dataclass(slots=True, kw_only=True)
class Budget:
    """The sum for one target; grows file by file.

    Attributes:
        target: The target as asked for.
        files: Files that were looked at.
        tokens: Low, likely and high.
        unknown_tokens: Files whose tokens nobody knows.
        cost: Low, likely and high by currency.
        unknown_cost: Files whose price nobody knows.
        upload_bytes: Bytes on the wire.
        stopped: Files that do not get through as they are: name, verdict, why.
    """

    target: str
    files: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0])
    unknown_tokens: int = 0
    cost: dict[str, list[Decimal]] = field(default_factory=dict)
    unknown_cost: int = 0
    upload_bytes: int = 0
    stopped: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, path: str, report: Json | None, problem: Json | None) -> None:
        """Add one file; one that cannot be read costs nothing and does not get through."""
        self.files += 1
        if report is None or report.get("problem") is not None:
            self.stopped.append((path, "unreadable", str((problem or {}).get("detail", ""))))
            return
        figures: Json = report["estimate"] or {}
        self._add_tokens(figures.get("tokens"))
        self._add_cost(figures.get("cost"))
        self.upload_bytes += figures.get("upload_bytes") or 0
        if report["verdict"] != "fits":
            self.stopped.append((path, report["verdict"], _why(report)))

    def data(self) -> Json:
        """Return it as plain JSON."""
        cost = [
            {"currency": name} | {end: str(one) for end, one in zip(ENDS, sums, strict=True)}
            for name, sums in sorted(self.cost.items())
        ]
        return {
            "target": self.target,
            "files": self.files,
            "tokens": dict(zip(ENDS, self.tokens, strict=True)),
            "unknown_tokens": self.unknown_tokens,
            "cost": cost,
            "unknown_cost": self.unknown_cost,
            "upload_bytes": self.upload_bytes,
            "not_as_they_are": [{"path": path, "verdict": verdict, "why": why} for path, verdict, why in self.stopped],
        }

    def _add_tokens(self, tokens: Json | None) -> None:
        if tokens is None:
            self.unknown_tokens += 1
            return
        self.tokens = [sum_ + tokens[end] for sum_, end in zip(self.tokens, ENDS, strict=True)]

    def _add_cost(self, cost: Json | None) -> None:
        if cost is None:
            self.unknown_cost += 1
            return
        sums = self.cost.setdefault(cost["currency"], [Decimal(0)] * 3)
        sums[:] = [sum_ + Decimal(cost[end]) for sum_, end in zip(sums, ENDS, strict=True)]


def _why(report: Json) -> str:
    binding = report.get("binding")
    if binding is not None and (binding["margin"] < 0 or not report["findings"]):
        value, most = (limit_words(binding["limit"], binding[name]) for name in ("value", "max"))
        return f"{value}, and {binding['by']} takes {most}"
    worst = next((one["message"] for one in report["findings"] if one["severity"] != "info"), "")
    return str(worst)
