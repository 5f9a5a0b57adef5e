"""Seconds at the target: those of a piece are by its own bytes, with what all pieces share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf
import pytest
from cuttable import noisy_jpeg
from pikepdf import Dictionary, Name

from preflight import UserLimits, check, split

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

PAGES, SIDE_PX = 40, 300
REQUEST_S, PAGE_S, MEGABYTE_S = 2.0, 0.4, 30.0
TARGET = f"""
schema = "preflight/target/1"
id = "mine"
name = "Mine"
kind = "ocr"
[sources]
log = {{ url = "our own log", as_of = "2026-11-20" }}
[facts]
speed = {{ value = "measured", unit = "rule", status = "confirmed", source = "log" }}
[modes.default]
about = "all"
transport = "raw"
[seconds]
fact = "speed"
per_request = [0.5, 1, {REQUEST_S}]
per_page = [0.1, 0.2, {PAGE_S}]
per_megabyte = [10, 20, {MEGABYTE_S}]
"""


def with_logo(path: Path) -> Path:
    """Write a PDF whose pages are small and share one large picture."""
    with pikepdf.new() as pdf:
        picture = noisy_jpeg(SIDE_PX)
        logo = pdf.make_stream(picture)
        logo.update(
            Dictionary(
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=SIDE_PX,
                Height=SIDE_PX,
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
            )
        )
        for number in range(PAGES):
            page = pdf.add_blank_page(page_size=(600, 800))
            page.Resources = Dictionary(XObject=Dictionary(Logo=logo))
            page.Contents = pdf.make_stream(f"q 9{number} 0 0 90 30 30 cm /Logo Do Q".encode())
        pdf.save(path)
    return path


def by_own_bytes(pages: int, size_bytes: int) -> float:
    return REQUEST_S + PAGE_S * pages + MEGABYTE_S * size_bytes / 1_000_000


def test_what_pieces_share_takes_time_in_each(tmp_path: Path, workers: Slots) -> None:
    source = with_logo(tmp_path / "logo.pdf")
    target = tmp_path / "mine.toml"
    target.write_text(TARGET, encoding="utf-8")
    most = by_own_bytes(6, source.stat().st_size)  # six pages fit where the logo is nearly all of the file

    result = split(source, tmp_path / "out", target=str(target), limits=UserLimits(seconds=most), executor=workers)

    pieces = result.manifest.pieces
    assert len(pieces) == -(-PAGES // 6)
    for piece in pieces:
        own = by_own_bytes(len(piece.units), piece.size_bytes)
        assert own <= most
        report = check(tmp_path / "out" / piece.name, target=str(target), executor=workers)
        assert report.estimate is not None
        assert piece.seconds is not None
        assert report.estimate.seconds is not None
        assert report.estimate.seconds.high == piece.seconds.high == pytest.approx(own, abs=0.001)


def test_plan_and_verdict_agree_at_the_limit(tmp_path: Path, workers: Slots) -> None:
    source = with_logo(tmp_path / "logo.pdf")
    target = tmp_path / "mine.toml"
    target.write_text(TARGET, encoding="utf-8")
    whole = check(source, target=str(target), executor=workers).estimate
    assert whole is not None
    assert whole.seconds is not None

    told = {}
    for most in (whole.seconds.high, whole.seconds.high - 0.001):
        report = check(source, target=str(target), limits=UserLimits(seconds=most), executor=workers)
        assert report.plan is not None
        assert [piece.seconds for piece in report.plan.pieces] == [whole.seconds.likely]
        told[most] = str(report.verdict)

    # Just under it no page has to go: what the pages do not account for goes when the file is written anew.
    assert list(told.values()) == ["fits", "reduce"]
