"""What every engine promises, and what a unit of work is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made_pages import drawn, paste, photographed, prose

from preflight.artifacts import Artifacts
from preflight.document import find_document
from preflight.engine.base import MAX_UNIT_BYTES, Unit, UnitOutcome
from preflight.engine.bench import FAN_OUT
from preflight.engine.local import LocalEngine
from preflight.engine.null import NullEngine
from preflight.engine.places import document_of, locator
from preflight.engine.request import Request, TextWish, make_request
from preflight.engine.work import run_unit
from preflight.engine.workers import StoppableSlots
from preflight.errors import OutputError, UsageError
from preflight.judging import Order, UserLimits
from preflight.ledger.records import NewJob
from preflight.ledger.states import JobState
from preflight.ledger.store import Ledger
from preflight.runner import Runner
from preflight.settings import Settings
from preflight.splitting import SplitOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.engine.base import Engine
    from preflight.execution import Outcome, Task
    from preflight.ledger.records import Json

    MakeEngine = Callable[[], Engine]


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    (tmp_path / "store").mkdir()
    return Artifacts(tmp_path / "store")


@pytest.fixture(scope="module")
def slots() -> Iterator[StoppableSlots]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
        made = StoppableSlots(2, preload=("preflight.tasks", "fault_batch"))
        yield made
        made.close()


@pytest.fixture(params=["null", "local"])
def make(request: pytest.FixtureRequest, artifacts: Artifacts) -> Iterator[MakeEngine]:
    made: list[Engine] = []

    def engine() -> Engine:
        if request.param == "null":
            made.append(NullEngine())
        else:
            made.append(LocalEngine(request.getfixturevalue("slots"), artifacts, workers=2))
        made[-1].start()
        return made[-1]

    yield engine
    for one in made:
        one.stop()


def unit(artifacts: Artifacts, path: Path, number: int = 0, **changes: Any) -> Unit:
    wanted = make_request(
        (Order(limits=changes.pop("limits", UserLimits())),),
        Settings(timeout=20, ocr_engine="null"),
        changes.pop("split", None),
    )
    place = locator(find_document(path), "0" * 64, artifacts)
    given: Json = {
        "job_id": f"{number:032x}",
        "number": 0,
        "token": 1,
        "kind": "plan",
        "request": wanted.store(artifacts),
    }
    return Unit(**given | {"document": place, "first": 0, "last": 0, "payload": {}} | changes)


def collect(engine: Engine, count: int, seconds: float = 60) -> dict[Any, UnitOutcome]:
    ended: dict[Any, UnitOutcome] = {}
    deadline = time.monotonic() + seconds
    while len(ended) < count and time.monotonic() < deadline:
        ended.update((one.place, one) for one in engine.poll(0.2))
    return ended


def test_every_unit_ends_once(make: MakeEngine, artifacts: Artifacts, tmp_path: Path) -> None:
    engine = make()
    (tmp_path / "a.txt").write_text("words\n")
    units = [unit(artifacts, tmp_path / "a.txt", number) for number in range(min(10, engine.slots()))]
    for one in units:
        engine.submit(Unit.from_json(one.to_json()))

    ended = collect(engine, len(units))

    assert set(ended) == {one.place for one in units}
    assert {one.status for one in ended.values()} == {"ok"}
    assert engine.poll(0.1) == []


def test_slots_say_when_there_is_work_enough(make: MakeEngine, artifacts: Artifacts, tmp_path: Path) -> None:
    engine = make()
    (tmp_path / "slow.txt").write_text("FAULT sleep 30\n")
    free = engine.slots()
    units = [unit(artifacts, tmp_path / "slow.txt", number) for number in range(free)]
    for one in units:
        engine.submit(one)

    assert 0 <= engine.slots() < free
    for one in units:
        engine.cancel(one.place)
    assert len(collect(engine, free)) == free
    assert engine.slots() == free


def test_a_cancelled_unit_says_so(make: MakeEngine, artifacts: Artifacts, tmp_path: Path) -> None:
    engine = make()
    (tmp_path / "slow.txt").write_text("FAULT sleep 30\n")
    (tmp_path / "good.txt").write_text("words\n")
    slow = [unit(artifacts, tmp_path / "slow.txt", number) for number in range(2)]
    good = unit(artifacts, tmp_path / "good.txt", 2)
    for one in slow:
        engine.submit(one)
    if engine.name == "local":
        time.sleep(1.0)
    began = time.monotonic()
    for one in slow:
        engine.cancel(one.place)
    engine.cancel(("nobody", 0, 1))
    engine.submit(good)

    ended = collect(engine, 3)

    assert [ended[one.place].status for one in (*slow, good)] == ["cancelled", "cancelled", "ok"]
    assert time.monotonic() - began < 29


def test_a_stopped_engine_leaves_its_workers_free(slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "slow.txt").write_text("FAULT sleep 60\n")
    engine = LocalEngine(slots, artifacts, workers=2)
    engine.start()
    for number in range(4):
        engine.submit(unit(artifacts, tmp_path / "slow.txt", number))
    time.sleep(1.0)
    began = time.monotonic()

    engine.stop()

    assert time.monotonic() - began < 50
    (tmp_path / "good.txt").write_text("words\n")
    assert run_unit(unit(artifacts, tmp_path / "good.txt"), slots, artifacts, {}).status == "ok"


def test_a_unit_is_small_plain_json(artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "a\udcff.txt").write_text("words\n")
    one = unit(artifacts, tmp_path / "a\udcff.txt")

    assert Unit.from_json(one.to_json()) == one
    assert len(one.to_json()) < MAX_UNIT_BYTES
    with pytest.raises(UsageError, match="bytes"):
        unit(artifacts, tmp_path / "a\udcff.txt", payload={"x": "y" * MAX_UNIT_BYTES}).to_json()


def test_a_path_of_any_length_travels(artifacts: Artifacts, tmp_path: Path) -> None:
    deep = tmp_path
    while len(os.fsencode(deep)) < 3700:
        deep /= "ö" * 100
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("words\n")
    document = find_document(deep / "a.txt")

    one = unit(artifacts, deep / "a.txt")

    assert len(one.to_json()) < MAX_UNIT_BYTES
    assert document_of(one.document, artifacts) == document


def test_a_request_is_the_same_wherever_it_is_read(artifacts: Artifacts) -> None:
    limits = UserLimits(pages=3, seconds=2.5)
    orders = (Order(target="anthropic-messages", hops=("nginx",), limits=limits), Order(target="gemini-api"))
    wanted = make_request(orders, Settings(languages=("eng", "deu"), jobs=7), SplitOptions(form="text"))

    read = Request.load(wanted.store(artifacts), artifacts)

    assert read == wanted
    assert read.profile == make_request(orders, Settings(languages=("eng", "deu")), SplitOptions(form="text")).profile
    assert read.profile != make_request(orders, Settings(), SplitOptions(form="text")).profile
    with pytest.raises(UsageError, match="not kept"):
        make_request(orders, Settings(), SplitOptions(password="secret"))


class Idle:
    """Workers that must not be asked for anything."""

    def run(self, tasks: Iterable[Task], _on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        raise AssertionError(f"asked for {list(tasks)}")

    def close(self) -> None:
        """Nothing to end."""


def test_a_long_unit_is_not_done_twice(slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path) -> None:
    """Killed after the result was stored and before the ledger was told: the next attempt finds the receipt."""
    (tmp_path / "slow.txt").write_text("FAULT sleep 2.1\n")
    first = run_unit(unit(artifacts, tmp_path / "slow.txt"), slots, artifacts, {})

    again = run_unit(unit(artifacts, tmp_path / "slow.txt", token=2), Idle(), artifacts, {})

    assert (again.status, again.receipt, again.place[2]) == ("ok", first.receipt, 2)
    artifacts.drop((first.receipt or {})["reports"][0])
    assert run_unit(unit(artifacts, tmp_path / "slow.txt"), slots, artifacts, {}).receipt == first.receipt


def test_how_far_cutting_is_has_an_end(slots: StoppableSlots, artifacts: Artifacts, samples: Path) -> None:
    one = unit(artifacts, samples / "report.pdf", split=SplitOptions(), limits=UserLimits(pages=5))
    told: list[tuple[str, int, int | None]] = []

    assert run_unit(one, slots, artifacts, {}, tell=lambda *what: told.append(what)).problem is None

    assert [what for what in told if what[0] == "cut"] == [("cut", 1, 3), ("cut", 2, 3), ("cut", 3, 3)]


def test_no_failure_answers_for_a_later_attempt(slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path) -> None:
    """However long it took: another password, or another day, may mend it."""
    (tmp_path / "slow.bin").write_bytes(b"FAULT sleep 2.1\n\x00\x01\x02\x03")

    outcome = run_unit(unit(artifacts, tmp_path / "slow.bin"), slots, artifacts, {})

    assert (outcome.status, outcome.problem is None) == ("ok", False)
    assert [path for path in (artifacts.folder / "receipts").rglob("*") if path.is_file()] == []


def test_a_text_that_an_older_version_planned_is_put_together(
    slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path
) -> None:
    """It left no facts: the document is looked at again."""
    (tmp_path / "a.txt").write_text("some words\n")
    wanted = make_request((), Settings(timeout=20, ocr_engine="null"), text=TextWish())
    nothing = {"ranges": artifacts.put(b"[]"), "reading": artifacts.put(b"[]")}
    one = unit(artifacts, tmp_path / "a.txt", kind="assembly", request=wanted.store(artifacts), payload=nothing)

    outcome = run_unit(one, slots, artifacts, {})

    assert outcome.problem is None
    assert b"some words" in artifacts.get((outcome.receipt or {})["file"])


def test_a_document_that_changed_is_not_read(slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words\n")
    one = unit(artifacts, tmp_path / "a.txt")
    (tmp_path / "a.txt").write_text("other words\n")

    outcome = run_unit(one, slots, artifacts, {})

    assert outcome.status == "ok"
    assert (outcome.problem or {})["code"] == "file-missing"


def test_a_long_scan_fans_out_and_comes_together(slots: StoppableSlots, artifacts: Artifacts, tmp_path: Path) -> None:
    pages = 3 * FAN_OUT
    page = photographed(drawn(prose), dpi=50)
    (tmp_path / "scan.pdf").write_bytes(drawn(*[lambda sheet: paste(sheet, page)] * pages))
    split = SplitOptions(form="text")
    wanted = make_request((Order(limits=UserLimits(tokens=100_000)),), Settings(ocr_engine="null", jobs=2), split)
    document = find_document(tmp_path / "scan.pdf")
    with Ledger(f"sqlite:///{tmp_path / 'l'}") as ledger:
        place = locator(document, "0" * 64, artifacts)
        job = NewJob(owner="a", key="k", request=wanted.store(artifacts), document=place)
        ledger.submit([job])
        finished: list[str] = []
        runner = Runner(ledger, LocalEngine(slots, artifacts, workers=2), artifacts, on_finished=finished.extend)
        runner.run(lambda: not ledger.jobs([job.id])[job.id].state.final)
        view = ledger.jobs([job.id])[job.id]
        ranges = ledger.ranges(job.id)

    assert finished == [job.id]
    assert view.state is JobState.DONE, view.problem
    assert [span[:2] for span in ranges] == [(at, at + 3) for at in range(1, pages, 4)]
    assert view.units_total == view.units_done == len(ranges) + 2
    manifest = json.loads(artifacts.get((view.result or {})["manifest"]))
    covered = [one["number"] for piece in manifest["pieces"] for one in piece["units"]]
    assert sorted({*covered, *(one["number"] for one in manifest["quarantined"])}) == list(range(1, pages + 1))


def test_results_are_whole_and_what_their_names_say(artifacts: Artifacts) -> None:
    name = artifacts.put(b"words")

    assert artifacts.put(b"words") == name
    assert artifacts.get(name) == b"words"
    assert list((artifacts.folder / "tmp").iterdir()) == []
    artifacts.path(name).write_bytes(b"other")
    with pytest.raises(OutputError, match="damaged"):
        artifacts.get(name)
    with pytest.raises(OutputError):
        artifacts.get("0" * 64)
    for bad in ("", "../x", "A" * 64):
        with pytest.raises(ValueError, match=r".*"):
            artifacts.path(bad)
