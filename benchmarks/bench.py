"""What a part is given: the peers, the corpus, a folder to work in, and whether all or a subset is to be measured."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from frame import CORPUS, PREFLIGHT, WORK, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from peers import Peers


Extent = Literal["trial", "subset", "all"]
"""How much is measured: just enough to see that the program works, what fits in 15 minutes, or everything."""


@dataclass(frozen=True, slots=True)
class Label:
    """A document of the corpus and what its labels say."""

    path: Path
    said: Mapping[str, object]

    @property
    def kinds(self) -> set[str]:
        """What its pages were seen to be."""
        pages = self.said.get("pages_visual")
        return {str(page["label"]) for page in pages} if isinstance(pages, list) else set()


class Bench:
    """The surroundings of one part."""

    def __init__(self, part: str, peers: Peers, extent: Extent) -> None:
        """Make the folder of the part anew; generated documents are kept beside it."""
        self.peers, self.extent = peers, extent
        self.rounds = {"trial": 1, "subset": 3, "all": 5}[extent]
        self.folder = WORK / part
        self.made = WORK / "made"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.made.mkdir(exist_ok=True)

    def some(self, paths: list[Path], every: int, trial: int = 3) -> list[Path]:
        """Return all of them, for the subset one of so many, for a trial the first few."""
        return {"trial": paths[:trial], "subset": paths[::every], "all": paths}[self.extent]

    def make(self, name: str, maker: Callable[[Path], object]) -> Path:
        """Return a generated document, made when it is not there yet; whole or not at all."""
        path = self.made / name
        if not path.exists():
            part = path.with_name(f".part-{name}")
            maker(part)
            part.rename(path)
        return path

    def labels(self, *, media: str = "pdf", expected: str = "ok") -> list[Label]:
        """Documents of the corpus, in the order of its labels."""
        lines = (CORPUS / "labels.jsonl").read_text(encoding="utf-8").splitlines()
        said = map(json.loads, lines)
        return [Label(CORPUS / one["path"], one) for one in said if (one["type"], one["expected"]) == (media, expected)]

    def reports(self, files: list[Path], *options: str) -> list[dict[str, object]]:
        """What `preflight check --json` says of files."""
        command = [*PREFLIGHT, "check", *map(str, files), "--json", "--exit-zero", *options]
        done = run(command, keep=True)
        if not done.output:
            sys.exit(f"preflight check ended with code {done.code} and said nothing; run it by hand: {command}")
        told = json.loads(done.output)
        return told if isinstance(told, list) else [told]
