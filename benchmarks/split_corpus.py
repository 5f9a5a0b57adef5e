"""Splits every readable document of the corpus for many targets and under tightened limits, and looks at every piece.

    python benchmarks/split_corpus.py [--corpus ../shared/corpus] [--rounds 3] [--only NAME] [--log FILE]

For each document: all targets below with their own limits, and then, `--rounds` times for each of them, the same with
bytes, pages and tokens tightened at random (seeded by the name, so that a failure can be repeated). What is looked at
is in tests/split_proof.py. Exit code 1 when anything is wrong; the whole takes about an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from split_proof import Case, prove, random_limits  # noqa: E402

from preflight import check  # noqa: E402
from preflight.slots import Slots  # noqa: E402

TARGETS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("anthropic-messages", ()),
    ("anthropic-messages", ("nginx",)),
    ("openai-api-file-input", ()),
    ("gemini-api", ("cloudflare",)),
    ("bedrock-converse", ()),
    ("claude-ai", ()),
    ("textract", ()),
    ("notebooklm", ()),
)
TIGHTENED = ("bytes", "pages", "tokens")
READABLE = frozenset({"ok", "damaged-but-readable"})


def cases(entry: dict[str, object], path: Path, workers: Slots, rounds: int) -> list[Case]:
    """All cases of one document."""
    password = entry.get("user_password") or entry.get("owner_password")
    secret = str(password) if password else None
    found = [Case(path=path, target=target, via=via, password=secret) for target, via in TARGETS]
    for number in range(rounds * len(TIGHTENED)):
        chance = random.Random(f"{path.name} {number}")  # noqa: S311
        target, via = TARGETS[chance.randrange(2)] if number % 2 else (None, ())
        report = check(path, target=target, via=via, password=secret, executor=workers)
        which = [TIGHTENED[number % len(TIGHTENED)]]
        if number >= len(TIGHTENED):
            which = sorted({*which, chance.choice(TIGHTENED)})
        limits = random_limits(report, path.stat().st_size, chance, which)
        found.append(Case(path=path, target=target, via=via, limits=limits, password=secret))
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=PROJECT.parent / "shared" / "corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="WORD", help="documents with this in their path")
    parser.add_argument("--start", default="", metavar="WORD", help="pass over documents before the first with this")
    parser.add_argument("--log", type=Path, default=None)
    arguments = parser.parse_args()
    with (arguments.corpus / "labels.jsonl").open(encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    done, refused, wrong, close = Counter[str](), Counter[str](), 0, Counter[str]()
    reasons = Counter[str]()
    workers = Slots(2, preload=("preflight.tasks",))
    started = False
    seen: set[tuple[str, ...]] = set()
    log = arguments.log.open("w", encoding="utf-8") if arguments.log else None
    for entry in entries:
        started = started or arguments.start in entry["path"]
        if not started or entry["expected"] not in READABLE or arguments.only not in entry["path"]:
            continue
        for case in cases(entry, arguments.corpus / entry["path"], workers, arguments.rounds):
            begin = time.perf_counter()
            proof = prove(case, workers, seen=seen)
            seconds = time.perf_counter() - begin
            done.update(cases=1, pieces=proof.pieces, units=proof.units, quarantined=proof.quarantined)
            if proof.refused:
                refused[proof.refused[0]] += 1
            if proof.least is not None:
                close[str(proof.pieces - proof.least)] += 1
            if proof.why:
                reasons[proof.why] += 1
                print(f"{case}: {proof.pieces} pieces, {proof.least} by bytes: {proof.why}", flush=True)
            wrong += bool(proof.wrong)
            for one in proof.wrong:
                print(f"{case}: {one}", flush=True)
            if log:
                told = {"case": str(case), "seconds": round(seconds, 2), "refused": proof.refused}
                told |= {"pieces": proof.pieces, "least": proof.least, "why": proof.why, "wrong": proof.wrong}
                print(json.dumps(told), file=log, flush=True)
    workers.close()
    print(f"\n{dict(done)}\nrefused: {dict(refused)}\npieces above the byte bound: {dict(sorted(close.items()))}")
    print(f"why more than one above it: {dict(reasons)}")
    print(f"cases with something wrong: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
