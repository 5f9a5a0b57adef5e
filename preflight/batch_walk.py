"""The files of a batch: what lies below the given paths, in a stable order."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from preflight.errors import FileMissing, UsageError
from preflight.storage import STAGING_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_DEPTH = 32
REPORT_NAME = "report.jsonl"
STATE_FOLDER = ".preflight"
"""Where a batch remembers what was done, inside its folder of results."""
LEDGER_NAME = "ledger.sqlite3"
PIECES_FOLDER = "pieces"
PIECES_MARK = ".preflight-pieces"
"""A file that says that a folder of this name is ours."""
_LIKE_A_BYTE = re.compile(r"\\(?=x[0-9a-f]{2})")
_A_BYTE = re.compile(rb"\\x([0-9a-f]{2})")
_RESULTS = frozenset({REPORT_NAME, "report.csv", "report.html", "budget.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of a batch, or a folder that cannot be read.

    Attributes:
        path: Where it lies.
        shown: What it is called in the report.
        relative: Its path below the folder of pieces.
        named: The user named it, so that a link is followed.
        error: Why it cannot be looked at.
    """

    path: Path
    shown: str
    relative: str = ""
    named: bool = False
    error: FileMissing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which files take part. Patterns as shells have them, for the whole name in the report or its last part.

    Attributes:
        include: Files must match one of these; all do where there are none.
        exclude: Files and folders that match one of these are left out.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, shown: str, *, folder: bool) -> bool:
        """Whether a file takes part, or a folder is looked into."""
        if _matches(shown, self.exclude):
            return False
        return folder or not self.include or _matches(shown, self.include)


def _matches(shown: str, patterns: Sequence[str]) -> bool:
    last = shown.rpartition("/")[2]
    return any(fnmatchcase(shown, one) or fnmatchcase(last, one.rstrip("/")) for one in patterns)


def walk(roots: Sequence[Path], out: Path | None = None, filters: Filters | None = None) -> Iterator[Found]:
    """Yield the files below the given paths in a stable order; links, devices and pipes are left out.

    A path given may itself be a link. With several paths, names in the report begin with the name of their path; one
    that lies in another adds nothing.

    Args:
        roots: Files and folders.
        out: Where the report goes: what lies in this folder is left out when it is below a root; of a root itself
            only results are.
        filters: Which files take part; all when None.

    Raises:
        UsageError: A path is neither a file nor a folder.
    """
    resolved = None if out is None else Path(os.path.realpath(out))
    roots = distinct(roots, out, filters)
    labels = _labels(roots) if len(roots) > 1 else [""] * len(roots)
    for root, label in zip(roots, labels, strict=True):
        where = _folder(root, label, resolved, filters)
        try:
            mode = root.stat().st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise _not_there(root) from error
        except OSError as error:
            yield where.unreadable(error)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk_folder(where, 0)
        elif not where.is_report(where.real):
            shown = label or shown_name(root.name)
            if where.filters.takes(shown, folder=False):
                yield Found(path=root, shown=shown, relative=label or _plain_name(root), named=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """A folder on the way: its path, the same without links, its names, where results go, and what takes part."""

    path: Path
    real: Path
    shown: str
    relative: str
    out: Path | None
    filters: Filters = field(default_factory=Filters)

    def below(self, name: str) -> _Folder:
        """Return a folder in this one."""
        relative = f"{self.relative}/{name}" if self.relative else name
        return replace(self, path=self.path / name, real=self.real / name, shown=self.name_of(name), relative=relative)

    def file(self, name: str) -> Found:
        """Return a file in this folder."""
        below = self.below(name)
        return Found(path=below.path, shown=below.shown, relative=below.relative)

    def name_of(self, name: str) -> str:
        return f"{self.shown}/{shown_name(name)}" if self.shown else shown_name(name)

    def is_report(self, real: Path) -> bool:
        """Whether a path is a result of this batch or of another, or one that is not complete."""
        if real.name == PIECES_MARK:
            return True
        if real.name not in _RESULTS and not real.name.startswith(STAGING_PREFIX):
            return False
        return real.parent == self.out or _is_state(real.parent / STATE_FOLDER)

    def is_ours(self) -> bool:
        """Whether a folder holds results of this batch, or pieces or the memory of another."""
        if self.real == self.out or (self.real.parent == self.out and self.real.name == STATE_FOLDER):
            return True
        return _is_state(self.real) or (self.real.name == PIECES_FOLDER and (self.real / PIECES_MARK).exists())

    def unreadable(self, error: OSError) -> Found:
        return self.refused(f"cannot be read: {error.strerror}. Change its permissions or run as its owner.")

    def refused(self, why: str) -> Found:
        shown = self.shown or "."
        return Found(path=self.path, shown=shown, error=FileMissing(f"The folder {shown} {why}"))


def _folder(root: Path, label: str, out: Path | None, filters: Filters | None) -> _Folder:
    real = Path(os.path.realpath(root))
    return _Folder(path=root, real=real, shown=label, relative=label, out=out, filters=filters or Filters())


def distinct(roots: Sequence[Path], out: Path | None = None, filters: Filters | None = None) -> list[Path]:
    """Return the paths without those that are come by on the way through another, and without doubles."""
    resolved = None if out is None else Path(os.path.realpath(out))
    folders = [_folder(root, "", resolved, filters) for root in roots]
    first = {folder.real: folder for folder in reversed(folders)}
    return [
        folder.path
        for folder in folders
        if first[folder.real] is folder
        and not any(_comes_by(first[above], folder.real) for above in folder.real.parents if above in first)
    ]


def _comes_by(folder: _Folder, real: Path) -> bool:
    """Whether the way through a folder leads to a path in it, which has no links."""
    names = real.relative_to(folder.real).parts
    for name in names:
        folder = folder.below(name)
        if folder.is_ours() or not folder.filters.takes(folder.shown, folder=True):
            return False
    return len(names) <= MAX_DEPTH


def _walk_folder(folder: _Folder, depth: int) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        yield folder.refused(f"lies more than {MAX_DEPTH} folders deep. Name it as a path of its own.")
        return
    try:
        with os.scandir(folder.path) as entries:
            ordered = sorted(
                (os.fsencode(one.name), one.name, one.is_dir(follow_symlinks=False))
                for one in entries
                if one.is_dir(follow_symlinks=False) or one.is_file(follow_symlinks=False)
            )
    except OSError as error:
        yield folder.unreadable(error)
        return
    for _, name, is_folder in ordered:
        if is_folder:
            below = folder.below(name)
            if not below.is_ours() and folder.filters.takes(below.shown, folder=True):
                yield from _walk_folder(below, depth + 1)
        elif not folder.is_report(folder.real / name) and folder.filters.takes(folder.name_of(name), folder=False):
            yield folder.file(name)


def _is_state(real: Path) -> bool:
    return real.name == STATE_FOLDER and (real / LEDGER_NAME).exists()


def _labels(roots: Sequence[Path]) -> list[str]:
    """Return the names of paths, numbered where they are equal, so that no two files share a name in the report."""
    labels: list[str] = []
    for root in roots:
        name = shown_name(root.name if root.name not in ("", "..") else Path(os.path.realpath(root)).name)
        number, label = 1, name
        while label in labels:
            number += 1
            label = f"{name} ({number})"
        labels.append(label)
    return labels


def shown_name(name: str) -> str:
    r"""A path as text that JSON can hold, so that two never become one.

    A byte that is no UTF-8 becomes ``\xff``, and a backslash that could be taken for such a one ``\x5c``.
    """
    return os.fsencode(_LIKE_A_BYTE.sub(r"\\x5c", name)).decode("utf-8", "backslashreplace")


def bytes_of(shown: str) -> bytes:
    """Return the path that :func:`shown_name` has made readable."""
    return _A_BYTE.sub(lambda hit: bytes.fromhex(hit[1].decode()), shown.encode())


def _plain_name(root: Path) -> str:
    return root.name if root.name not in ("", "..") else Path(os.path.realpath(root)).name


def check_paths(roots: Sequence[Path], out: Path) -> None:
    """Look at all paths before anything is read.

    Raises:
        UsageError: A path is neither a file nor a folder, or is a result of the batch that goes to ``out``.
    """
    for root in roots:
        try:
            root.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise _not_there(root) from error
        except OSError:  # it is there; what is the matter will be its line in the report
            continue
        _refuse_results(root, Path(os.path.realpath(out)))


def _refuse_results(root: Path, out: Path) -> None:
    real = Path(os.path.realpath(root))
    ours = [out / STATE_FOLDER] + ([out / PIECES_FOLDER] if (out / PIECES_FOLDER / PIECES_MARK).exists() else [])
    if any(real.is_relative_to(one) for one in ours):
        names = [safe_label(shown_name(str(one)), 300) for one in (root, out)]
        raise UsageError(f"{names[0]} is a result of the batch in {names[1]}. To read it, choose another folder (-o).")


def _not_there(root: Path) -> UsageError:
    return UsageError(f"There is no file or folder {safe_label(shown_name(str(root)), 300)}. Check the path.")
