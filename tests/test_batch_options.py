"""What a batch does again, which files take part, what its reports say and what they keep people safe from."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import pytest
from rich.console import Console
from warm_command import warm_command

from preflight.batch import BatchOptions, BatchResult, Filters, Progressed, run_batch, walk
from preflight.batch_budget import Budget
from preflight.batch_lines import Line
from preflight.batch_progress import Pace, Teller, progress_text
from preflight.batch_report import write_reports
from preflight.errors import OutputError
from preflight.judging import Order, UserLimits
from preflight.render_budget import budget_view
from preflight.settings import Settings
from preflight.splitting import SplitOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots

LIMITS = Order(limits=UserLimits(pages=2, bytes=10_000_000))


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    root = tmp_path / "in"
    (root / "deep").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "deep/c.txt", "deep/d.md"):
        (root / name).write_text(f"words of {name}\n")
    shutil.copy(samples / "mixed.pdf", root / "deep" / "mixed.pdf")
    (root / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    return root


def batch(folder: Path, workers: Slots, order: Order = LIMITS, **options: object) -> BatchResult:
    return run_batch(
        [folder], order, folder.parent / "out", Settings(timeout=60), workers, options=BatchOptions(**options)
    )


def lines(result: BatchResult) -> dict[str, dict[str, object]]:
    return {one["path"]: one for one in map(json.loads, result.report.read_text().splitlines())}


def test_what_is_known_is_not_done_again(folder: Path, workers: Slots) -> None:
    first = batch(folder, workers)
    before = first.report.read_bytes()
    again = batch(folder, workers)

    assert (first.known, again.known) == (0, 6)
    assert again.report.read_bytes() == before


def test_what_changed_is_done_again_by_content(folder: Path, workers: Slots) -> None:
    batch(folder, workers)
    path = folder / "a.txt"
    was = path.stat()
    path.write_text("other of a.txt\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    os.utime(folder / "b.txt")
    (folder / "new.txt").write_text("new\n")
    (folder / "deep" / "c.txt").unlink()

    again = batch(folder, workers)

    assert again.known == 4
    assert set(lines(again)) == {"a.txt", "b.txt", "bad.pdf", "deep/d.md", "deep/mixed.pdf", "new.txt"}


def test_other_settings_are_other_work(folder: Path, workers: Slots) -> None:
    batch(folder, workers)

    assert batch(folder, workers, Order(limits=UserLimits(pages=3, bytes=10_000_000))).known == 0
    assert batch(folder, workers, LIMITS).known == 6
    assert batch(folder, workers, LIMITS, resume=False).known == 0


def test_what_failed_is_done_again_when_asked(folder: Path, workers: Slots) -> None:
    assert batch(folder, workers).failed == 1

    assert batch(folder, workers).known == 6
    assert batch(folder, workers, retry_failed=True).known == 5


def test_what_is_not_wholly_in_its_pieces_is_done_again_when_asked(
    folder: Path, tmp_path: Path, workers: Slots
) -> None:
    whole = (folder / "deep" / "mixed.pdf").read_bytes()
    (folder / "bad.pdf").write_bytes(whole.replace(b"/Contents 15 0 R", b"/Contents 95 0 R"))  # which is not there
    first = batch(folder, workers, split=SplitOptions())

    assert (first.failed, first.incomplete) == (0, 1)
    rows = csv.DictReader((tmp_path / "out" / "report.csv").read_text(encoding="utf-8-sig").splitlines())
    assert {row["path"]: row["damaged"] for row in rows if row["damaged"]} == {"bad.pdf": "yes"}
    assert "split, but damaged" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert batch(folder, workers, split=SplitOptions()).known == 6
    assert batch(folder, workers, split=SplitOptions(), retry_failed=True).known == 5


def test_pieces_of_what_is_gone_go_too(folder: Path, workers: Slots, tmp_path: Path) -> None:
    pieces = tmp_path / "out" / "pieces"
    batch(folder, workers, split=SplitOptions())
    (folder / "a.txt").rename(folder / "renamed.txt")
    (folder / "b.txt").unlink()
    (folder / "deep" / "mixed.pdf").write_bytes(b"%PDF-1.4 nothing")
    (pieces / "b.txt" / "note of mine.txt").write_text("mine")

    again = batch(folder, workers, split=SplitOptions())

    assert again.removed == 3
    manifests = {str(path.parent.relative_to(pieces)) for path in pieces.rglob("manifest.json")}
    assert manifests == {name for name, line in lines(again).items() if line["manifest"]}
    assert manifests == {"renamed.txt", "deep/c.txt", "deep/d.md"}
    assert [path.name for path in (pieces / "b.txt").iterdir()] == ["note of mine.txt"]
    assert not (pieces / "a.txt").exists()
    assert batch(folder, workers, split=SplitOptions()).removed == 0
    assert batch(folder, workers).removed == 0


def test_a_file_with_the_bytes_of_a_manifest_costs_nobody_his(folder: Path, workers: Slots, tmp_path: Path) -> None:
    batch(folder, workers, split=SplitOptions())
    (folder / "earlier.json").write_bytes((tmp_path / "out" / "pieces" / "a.txt" / "manifest.json").read_bytes())

    for _ in range(2):
        again = batch(folder, workers, split=SplitOptions())
        assert again.failed == 1
        assert lines(again)["earlier.json"]["manifest"] is not None


def test_what_fits_and_is_not_whole_is_marked() -> None:
    """As `check` heads it FITS, BUT DAMAGED."""
    unit = {"kind": "text"}
    lost = {"severity": "error", "code": "frame-unreadable"}
    told = Line(path="a", reports=({"verdict": "fits", "facts": {"units": [unit]}, "findings": [lost]},))
    whole = Line(path="a", reports=({"verdict": "fits", "facts": {"units": [unit]}, "findings": []},))
    large = Line(path="a", reports=({"verdict": "split", "facts": {"units": [unit]}, "findings": [lost]},))

    assert [one.damaged for one in (told, whole, large)] == [True, False, False]


def test_results_of_another_batch_are_not_read(folder: Path, workers: Slots) -> None:
    order = Order(target="anthropic-messages")
    run_batch([folder], order, folder / "older", Settings(), workers, options=BatchOptions(split=SplitOptions()))
    (folder / "older" / "mine.txt").write_text("mine\n")

    told = lines(batch(folder, workers))

    assert len(told) == 7
    assert [name for name in told if name.startswith("older")] == ["older/mine.txt"]


@pytest.mark.parametrize("again", [{"retry_failed": True}, {"resume": False}])
def test_what_is_done_again_is_done(folder: Path, workers: Slots, tmp_path: Path, again: dict[str, bool]) -> None:
    """No receipt of a former run answers for it."""
    batch(folder, workers, split=SplitOptions())
    left = [one for one in (tmp_path / "out" / ".preflight" / "receipts").rglob("*") if one.is_file()]

    assert left == []
    assert batch(folder, workers, split=SplitOptions(), **again).known < 6


def test_a_long_path_is_known_again(folder: Path, workers: Slots) -> None:
    deep = folder / ("long" * 50) / ("path" * 50) / ("name" * 50) / ("more" * 50) / "e.txt"
    deep.parent.mkdir(parents=True)
    deep.write_text("far down\n")
    batch(folder, workers, split=SplitOptions())

    assert batch(folder, workers, split=SplitOptions()).known == 7


def test_a_file_that_is_no_job_is_not_known_from_a_former_run(folder: Path, workers: Slots) -> None:
    (folder / "empty.txt").touch()

    assert batch(folder, workers).known == 0


def test_a_moved_folder_goes_on(folder: Path, workers: Slots, tmp_path: Path) -> None:
    batch(folder, workers, split=SplitOptions())
    (tmp_path / "moved").mkdir()
    folder.rename(tmp_path / "moved" / "in")
    (tmp_path / "out").rename(tmp_path / "moved" / "out")

    assert batch(tmp_path / "moved" / "in", workers, split=SplitOptions()).known == 6


def test_pieces_lie_under_the_same_paths(folder: Path, workers: Slots, tmp_path: Path) -> None:
    result = batch(folder, workers, split=SplitOptions())
    told = lines(result)

    assert told["deep/mixed.pdf"]["manifest"] == "pieces/deep/mixed.pdf/manifest.json"
    assert told["bad.pdf"]["manifest"] is None
    manifest = json.loads((tmp_path / "out" / str(told["deep/mixed.pdf"]["manifest"])).read_text())
    assert manifest["pieces"][-1]["last"] == 5
    shutil.rmtree(tmp_path / "out" / "pieces" / "deep" / "mixed.pdf")
    (tmp_path / "out" / "pieces" / "a.txt" / "manifest.json").write_text("{}")
    again = batch(folder, workers, split=SplitOptions())
    assert again.known == 4
    assert (tmp_path / "out" / "pieces" / "deep" / "mixed.pdf" / "manifest.json").exists()


def test_a_folder_of_others_is_not_taken_for_ours(folder: Path, workers: Slots, tmp_path: Path) -> None:
    (tmp_path / "out" / "pieces").mkdir(parents=True)
    (tmp_path / "out" / "pieces" / "mine.txt").write_text("a file of the user's")

    with pytest.raises(OutputError, match="others"):
        batch(folder, workers, split=SplitOptions())
    assert (tmp_path / "out" / "pieces" / "mine.txt").exists()


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["a.txt", "b.txt", "bad.pdf", "deep/c.txt", "deep/d.md", "deep/mixed.pdf"]),
        (("*.txt",), (), ["a.txt", "b.txt", "deep/c.txt"]),
        (("*.txt", "*.md"), ("b.*",), ["a.txt", "deep/c.txt", "deep/d.md"]),
        ((), ("deep",), ["a.txt", "b.txt", "bad.pdf"]),
        ((), ("deep/*.md",), ["a.txt", "b.txt", "bad.pdf", "deep/c.txt", "deep/mixed.pdf"]),
        (("deep/*",), (), ["deep/c.txt", "deep/d.md", "deep/mixed.pdf"]),
    ],
)
def test_filters(folder: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    found = walk([folder], filters=Filters(include=include, exclude=exclude))

    assert [one.shown for one in found] == expected


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.links: list[str] = []
        self.marks: list[str] = []
        self.filters: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        assert not {"src", "onload", "onerror"} & set(given)
        self.links += [str(given["href"])] if "href" in given else []
        self.marks += str(given["data-is"]).split() if "data-is" in given else []
        self.filters += [str(given["data-only"])] if "data-only" in given else []

    def handle_data(self, data: str) -> None:
        self.words += data


def test_names_are_safe_in_spreadsheets_and_pages(tmp_path: Path, workers: Slots) -> None:
    root = tmp_path / "in"
    root.mkdir()
    formulas = ["=1+1.txt", "@SUM(A1).txt", "-2+3.txt", "+x.txt", " =x.txt", "＝x.txt"]
    names = [*formulas, "a,b\"c'.txt", "<img src=x onerror=y>"]
    for name in names:
        (root / name).write_text("words\n")

    result = batch(root, workers)

    with (tmp_path / "out" / "report.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(names)
    assert not [one["path"] for one in rows if one["path"].lstrip()[:1] in "=+-@＝"]
    assert {one["path"].removeprefix("'") for one in rows} == set(names) == set(lines(result))
    page = Page((tmp_path / "out" / "report.html").read_text())
    assert "<img src=x onerror=y>" in page.words
    assert "img" not in page.tags
    assert page.tags.count("tr") == len(names) + 1


def test_cells() -> None:
    line = Line(path="\t=x", problem={"code": "damaged", "detail": "=cmd|' /C calc'!A0"})

    assert line.to_row()[0] == "'\t=x"
    assert line.to_row()[3] == "'=cmd|' /C calc'!A0"
    assert json.loads(line.to_json())["path"] == "\t=x"


def test_the_page_shows_every_file_with_its_pages(folder: Path, workers: Slots, tmp_path: Path) -> None:
    result = batch(folder, workers, Order(target="anthropic-messages"))
    page = (tmp_path / "out" / "report.html").read_text()

    assert page.count('role="img"') == 5  # all but the bad one
    for path, one in lines(result).items():
        assert f"<td>{path}" in page
        verdict = one["report"]["verdict"] if one["report"] else "unreadable"  # type: ignore[index]
        assert f'class="v {verdict}"' in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_leads_to_pieces_and_can_show_one_verdict_alone(folder: Path, workers: Slots, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/50%\xff?#.txt"))
    odd.write_text("an odd name\n")
    result = batch(folder, workers, split=SplitOptions())
    page = Page((tmp_path / "out" / "report.html").read_text())

    assert len(page.links) == 6
    for link in page.links:
        assert link.startswith("pieces/")
        assert (tmp_path / "out" / os.fsdecode(unquote_to_bytes(link)) / "manifest.json").is_file()
    counts = {word: count for word, count in result.verdicts.items() if count}
    assert {word: page.marks.count(word) for word in page.filters} == counts


def test_a_budget_adds_up(folder: Path, workers: Slots) -> None:
    targets = ("anthropic-messages", "gemini-api")
    result = batch(folder, workers, Order(target=targets[0]), also_for=(Order(target=targets[1]),))

    assert [one.target for one in result.budgets] == list(targets)
    reports = [one["report"] for one in lines(result).values() if one["report"]]
    first = result.budgets[0]
    assert first.files == 6
    assert first.tokens == [sum(one["estimate"]["tokens"][end] for one in reports) for end in ("low", "likely", "high")]  # type: ignore[index]
    assert [path for path, verdict, _ in first.stopped if verdict == "unreadable"] == ["bad.pdf"]
    alone = batch(folder, workers, Order(target=targets[1]))
    assert alone.budgets[0].data() == result.budgets[1].data()


def test_names_of_targets_stay_whole_in_the_table() -> None:
    big = {"tokens": [12_345_678, 23_456_789, 34_567_890], "cost": {"USD": [Decimal("12345.67")] * 3}}
    sums = [Budget(target=name, files=12_345, **big) for name in ("anthropic-messages", "openai-responses-files")]
    console = Console(width=80, file=io.StringIO(), record=True)

    console.print(budget_view(sums))

    shown = console.export_text()
    assert all(one.target in shown for one in sums)


def test_progress(folder: Path, workers: Slots) -> None:
    told: list[Progressed] = []
    run_batch([folder], LIMITS, folder.parent / "out", Settings(), workers, on_progress=told.append)

    assert told[-1] == Progressed(done=6, known=0, found=6, all_found=True)
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_pace() -> None:
    pace = Pace(100.0)
    assert pace.rate(100.5, 3) is None
    for second in range(1, 300):
        pace.note(100.0 + second, 2 * second)
    assert pace.rate(400.0, 600) == pytest.approx(2.0, rel=0.05)
    at = Progressed(done=40, known=10, found=100, all_found=True)
    assert progress_text(at, 2.0) == "50 of 100 files, 10 known, 2.0 a second, 25 s to go"
    assert progress_text(Progressed(done=0, known=0, found=7, all_found=False), None) == "0 of 7+ files"


def test_a_log_is_told_now_and_then_and_at_the_end() -> None:
    told: list[str] = []
    teller = Teller(0.0, told.append)
    for second in range(1, 151):
        teller.tell(float(second), Progressed(done=second, known=0, found=300, all_found=second > 100))
    for second in (151, 152):
        teller.tell(float(second), Progressed(done=300, known=0, found=300, all_found=True))

    assert told == [
        "60 of 300+ files, 1.0 a second",
        "120 of 300 files, 1.0 a second, 3 min to go",
        "300 of 300 files",
    ]


def test_the_first_that_failed_are_named(tmp_path: Path) -> None:
    def lines(count: int) -> Iterator[Line]:
        for number in range(count):
            yield Line(path=f"{number}.pdf", problem={"code": "damaged", "detail": f"reason {number}"})

    totals, _ = write_reports(lines(8), tmp_path, [])

    assert totals.failed == 8
    assert totals.examples == [(f"{number}.pdf", f"reason {number}") for number in range(5)]


def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*warm_command(), "batch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    done = cli(folder, "--max-pages", 2, "-o", out, "--split", "--exclude", "*.md")
    assert (done.returncode, done.stderr) == (3, "")
    assert "1 unreadable" in done.stdout
    assert "  bad.pdf: The PDF is damaged" in done.stdout
    done = cli(
        folder,
        "--for",
        "anthropic-messages",
        "-o",
        out,
        "--budget",
        "--exclude",
        "bad.pdf",
        "--exit-zero",
        "--progress",
    )
    assert (done.returncode, done.stderr) == (0, "preflight: 5 of 5 files\n")
    assert "anthropic" in done.stdout
    assert json.loads((out / "budget.json").read_text())["items"][0]["files"] == 5


def test_what_makes_no_sense_is_refused(folder: Path, tmp_path: Path) -> None:
    poem = ["--split", "--as", "poem", "--max-pages", 1]
    both = ["--for", "gemini-api", "--split", "--budget"]
    for extra in (["--split"], ["--budget"], ["--for", "x", "--for", "y"], poem, both):
        done = cli(folder, "-o", tmp_path / "out", *extra)
        assert (done.returncode, done.stdout) == (2, ""), extra
