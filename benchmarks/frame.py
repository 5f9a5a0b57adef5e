"""What all parts of the benchmark share: running commands, reading what they used, and the form of a result.

Seconds of CPU are user + system of a process and of all it waited for. Memory is the highest sum, over a command's
process tree, of proportional memory that no file stands behind: what workers share counts once, a mapped input does not
count. Where the clock matters it is sampled in a run of its own, so that looking does not slow down what is timed.
Tools take turns within a round, so a busy moment hits them alike, and ratios are taken from the pairs of each round.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROJECT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("PREFLIGHT_SHARED", PROJECT.parent / "shared")) / "corpus"
WORK = PROJECT / "build" / "benchmarks"
RESULTS = PROJECT / "benchmarks" / "results"
PREFLIGHT = (sys.executable, "-c", "from preflight.start import main; main()")
_SAMPLE_EVERY_S = 0.02
_LISTENED_S = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: seconds of the clock and of CPU, exit code, most memory in bytes (0: not looked)."""

    wall_s: float
    cpu_s: float
    code: int = 0
    peak_bytes: int = 0
    output: bytes = b""


@dataclass(slots=True)
class Table:
    """A table of the report; ``note`` is said below it."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    note: str = ""


@dataclass(slots=True)
class Plot:
    """A chart: named rows of points (x, y). ``log`` names the axes that are logarithmic: "", "x", "y" or "xy"."""

    file: str
    title: str
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]
    log: str = ""
    lines: bool = False
    diagonal: bool = False
    marks: dict[str, float] = field(default_factory=dict)  # a vertical and horizontal line each, by what it is called


@dataclass(frozen=True, slots=True)
class Goal:
    """What was to be reached, what was measured, and whether it was; ``met`` is None where no goal is set."""

    what: str
    goal: str
    measured: str
    met: bool | None


@dataclass(slots=True)
class Result:
    """What a part measured, ready to be kept as JSON and told as Markdown."""

    part: str
    title: str
    about: str
    rounds: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    data: dict[str, object] = field(default_factory=dict)

    def as_json(self, context: Mapping[str, object]) -> dict[str, object]:
        """The result with what was measured when and where."""
        return {**context, **asdict(self)}


def context(extent: str) -> dict[str, object]:
    """Machine, date and load: what a figure means nothing without."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{len(os.sched_getaffinity(0))} cores of {model}, {memory / 1e6:.0f} GB, {platform.machine()}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load": round(busy_cores(), 1),
        "extent": extent,
    }


def busy_cores() -> float:
    """Return how many processors were busy in the last two seconds: what others do, and not the part before this one.

    The load of the system (os.getloadavg) has the last minutes in it, which are those of the benchmark itself.
    """
    before = _idle_s()
    time.sleep(_LISTENED_S)
    idle = (_idle_s() - before) / _LISTENED_S
    return max(0.0, (os.cpu_count() or 1) - idle)


def _idle_s() -> float:
    """Seconds all processors together had nothing to do or waited for a disk (proc(5), /proc/stat)."""
    fields = next(iter(_lines("/proc/stat")), "").split()[1:]
    return sum(map(int, fields[3:5])) / os.sysconf("SC_CLK_TCK")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def children_cpu_s() -> float:
    """CPU seconds of all ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(
    command: Sequence[str], *, keep: bool = False, memory: bool = False, env: Mapping[str, str] | None = None
) -> Run:
    """Run a command to its end.

    Args:
        command: What to run.
        keep: Return standard output; it is thrown away otherwise.
        memory: Sample memory; the wall time is then a little longer.
        env: Environment variables besides the present ones.
    """
    before, start = children_cpu_s(), time.perf_counter()
    peak = 0
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE if keep else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | dict(env or {}),
    ) as process:
        while memory and process.poll() is None:
            peak = max(peak, sum(map(own_bytes, tree_of(process.pid))))
            time.sleep(_SAMPLE_EVERY_S)
        output = process.communicate()[0] or b""
    wall = time.perf_counter() - start
    return Run(wall, children_cpu_s() - before, process.returncode, peak, output)


def tree_of(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, pending = [], [pid]
    while pending:
        one = pending.pop()
        found.append(one)
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            pending += [int(child) for task in tasks for child in (task / "children").read_text("ascii").split()]
        except OSError:  # it has ended
            continue
    return found


def own_bytes(pid: int) -> int:
    """A process's share of memory no file stands behind; 0 when it has ended."""
    share = {line.split(":")[0]: int(line.split()[1]) for line in _lines(f"/proc/{pid}/smaps_rollup")[1:]}
    return 1024 * (share.get("Pss_Anon", 0) + share.get("Pss_Shmem", 0) + share.get("SwapPss", 0))


def interleaved(tools: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """Let each tool run once a round, in turn."""
    runs: dict[str, list[Run]] = {name: [] for name in tools}
    for _ in range(rounds):
        for name, tool in tools.items():
            runs[name].append(tool())
    return runs


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and in brackets the least and the greatest where there are several."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratio(ours: Sequence[Run], theirs: Sequence[Run], what: str = "cpu_s") -> float:
    """Median of the ratios of pairs measured in the same round."""
    return statistics.median(
        getattr(mine, what) / getattr(other, what) for mine, other in zip(ours, theirs, strict=True)
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -(-round(share * len(ranked) * 1000) // 1000) - 1))]


def megabytes(size: float) -> str:
    """Bytes as MB of 10^6."""
    return f"{size / 1e6:.0f}" if size >= 10e6 else f"{size / 1e6:.1f}"
