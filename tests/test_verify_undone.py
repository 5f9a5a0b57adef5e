"""What could not be done while pieces were held against the original is said to be undone, never to be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from cuttable import make_pdf, words
from PIL import Image, ImageDraw, ImageFont

from preflight import SplitOptions, UserLimits, split, verify
from preflight.errors import Stopped
from preflight.execution import Outcome
from preflight.manifest import seal_of
from preflight.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from preflight.execution import Executor, Task
    from preflight.slots import Slots


class Failing:
    """Workers that end on tasks of one kind."""

    def __init__(self, inner: Executor, name: str, code: str) -> None:
        self._inner, self._name, self._code = inner, name, code

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        done = []
        for task in tasks:
            if task.name == self._name:
                yield Outcome(key=task.key, problem=problem_of(self._code, "It ended.", None))
            else:
                done.append(task)
        yield from self._inner.run(done, on_event)

    def close(self) -> None:
        """The workers are somebody else's."""


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory, workers: Slots) -> tuple[Path, Path]:
    """A document, and pieces of it whose manifest says that their pages were repaired."""
    path = tmp_path_factory.mktemp("claimed")
    source = make_pdf(path / "report.pdf", [3] * 2)
    split(source, path / "out", limits=UserLimits(pages=1), executor=workers)
    data = json.loads((path / "out" / "manifest.json").read_bytes())
    for number, piece in enumerate(data["pieces"], start=1):
        piece["changes"] = [{"code": "repaired", "units": [number], "message": "Mended.", "before": {}, "after": {}}]
    data["seal"] = seal_of(data)
    (path / "out" / "manifest.json").write_text(json.dumps(data))
    return source, path / "out"


@pytest.mark.parametrize("code", ["timeout", "disk-full", "out-of-memory", "parser-crashed"])
def test_pieces_that_could_not_be_cut_again_are_not_wrong(
    claimed: tuple[Path, Path], workers: Slots, code: str
) -> None:
    source, out = claimed
    with pytest.raises(Stopped) as caught:
        verify(out, against=source, executor=Failing(workers, "cut", code))
    assert caught.value.problem.code == code


def test_pieces_that_the_document_does_not_let_be_cut_are_wrong(claimed: tuple[Path, Path], workers: Slots) -> None:
    source, out = claimed
    found = verify(out, against=source, executor=Failing(workers, "cut", "damaged"))
    assert ("changed-otherwise", (1, 2)) in [(one.code, one.units) for one in found.discrepancies]


def test_rows_that_could_not_be_told_are_not_wrong(tmp_path: Path, workers: Slots) -> None:
    source, out = tmp_path / "list.docx", tmp_path / "out"
    rows = [["Number", "What it is"], *([f"{at}", words(at, 30)] for at in range(12))]
    source.write_bytes(samples.make(samples.p("before") + samples.table(rows, headers=1)))
    split(source, out, limits=UserLimits(tokens=200), executor=workers)
    assert verify(out, against=source, executor=workers).ok

    with pytest.raises(Stopped):
        verify(out, against=source, executor=Failing(workers, "row-prints", "timeout"))
    found = verify(out, against=source, executor=Failing(workers, "row-prints", "damaged"))
    assert {one.code for one in found.discrepancies} == {"original-rows-differ"}


def test_a_page_that_ocr_fails_on_now_is_not_wrong(tmp_path: Path, workers: Slots) -> None:
    source, out = tmp_path / "scan.png", tmp_path / "out"
    page = Image.new("L", (900, 200), 255)
    ImageDraw.Draw(page).text((40, 60), "The sum due is 19 dollars", fill=0, font=ImageFont.load_default(48))
    page.save(source, dpi=(200, 200))
    options = SplitOptions(with_text=True, ocr="always")
    split(source, out, limits=UserLimits(bytes=10**6), options=options, executor=workers)

    found = verify(out, against=source, executor=Failing(workers, "recognize", "timeout"))

    assert found.ok
    assert [(one.code, one.units) for one in found.notes] == [("ocr-not-compared", (1,))]
    assert "--page-timeout" in found.notes[0].message
