"""What the ledger costs: 10,000 small documents through a batch, and the decision to do none of them again.

    python benchmarks/ledger.py [COUNT] [FOLDER]

Prints the runner's memory along the way (VmRSS; VmHWM at the end), milliseconds a document of the ledger alone (accept,
lend, write down, over the engine that does nothing), of keeping a result, and the seconds of resuming.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from preflight.artifacts import Artifacts
from preflight.batch import Progressed, run_batch
from preflight.engine.null import NullEngine
from preflight.engine.workers import StoppableSlots
from preflight.judging import Order
from preflight.ledger.records import NewJob
from preflight.ledger.store import Ledger
from preflight.runner import Runner
from preflight.settings import Settings


def memory_mb(field: str) -> float:
    """Return a figure of this process's memory."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition(f"{field}:")[2].split()[0]) / 1024


def expect(found: int, wanted: int) -> None:
    """Stop when a run has not done what is measured."""
    if found != wanted:
        sys.exit(f"{found} documents, not {wanted}")


def ledger_alone(count: int, folder: Path) -> None:
    """Accept, lend and write down jobs that take no work."""
    artifacts = Artifacts(folder / "store")
    with Ledger(f"sqlite:///{folder / 'alone.sqlite3'}") as ledger:
        wanted = [NewJob(owner="o", key=str(one), request="r", document={"path": f"/{one}"}) for one in range(count)]
        wall, cpu = time.monotonic(), time.process_time()
        for at in range(0, count, 200):
            ledger.submit(wanted[at : at + 200])
        accepted = time.monotonic() - wall
        runner = Runner(ledger, NullEngine(size=12), artifacts, owner="o")
        runner.run(lambda: False)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        expect(sum(ledger.counts("o").values()), count)
    each = 1000 / count
    print(f"ledger alone: {wall * each:.2f} ms a document ({accepted * each:.2f} to accept), CPU {cpu * each:.2f} ms")


def results_alone(count: int, folder: Path) -> None:
    """Keep reports of 4 KB, from as many threads as two workers have drivers."""
    artifacts = Artifacts(folder / "results")
    began = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: artifacts.put(b"%d" % one + b"x" * 4000), range(count)))
    print(f"keeping a result: {(time.monotonic() - began) / count * 1000:.2f} ms a document, six at a time")


def whole_batch(count: int, folder: Path) -> None:
    """Run a batch over small documents, then again."""
    root, out = folder / "in", folder / "out"
    for number in range(count):
        path = root / f"{number // 500:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"document {number}\n\nSome words of it, and some more of them.\n", encoding="utf-8")
    workers = StoppableSlots(2, preload=("preflight.tasks", "preflight.warm"))
    seen: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            seen.append(memory_mb("VmRSS"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.monotonic(), time.process_time()
    result = run_batch([root], Order(target="anthropic-messages"), out, Settings(jobs=2), workers)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    ended.set()
    watcher.join()
    expect(sum(result.verdicts.values()), count)
    fifth = max(1, len(seen) // 5)
    early, late = max(seen[fifth : 2 * fifth] or seen), max(seen[-fifth:])
    print(
        f"batch: {wall:.1f} s, {wall / count * 1000:.2f} ms a document; this process's CPU {cpu / count * 1000:.2f} ms"
    )
    print(f"memory: {early:.0f} MB after a fifth, {late:.0f} MB at the end, at most {memory_mb('VmHWM'):.0f} MB")
    wall, cpu, decided = time.monotonic(), time.process_time(), [0.0]

    def told(at: Progressed) -> None:
        if at.all_found:
            decided[0] = time.monotonic() - wall

    again = run_batch([root], Order(target="anthropic-messages"), out, Settings(jobs=2), workers, on_progress=told)
    expect(again.known, count)
    spent = time.monotonic() - wall
    print(
        f"resume: decided in {decided[0]:.1f} s, all with reports {spent:.1f} s, CPU {time.process_time() - cpu:.1f} s"
    )
    workers.close()


def main() -> None:
    """Print all figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        ledger_alone(count, Path(name))
        results_alone(min(count, 2000), Path(name))
        whole_batch(count, Path(name))


if __name__ == "__main__":
    main()
