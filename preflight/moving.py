"""Moving files into a folder that cannot be replaced in one step, so that it can be taken back until all are there.

The files come from a hidden folder inside the wanted one. A list of what is to be moved lies in the hidden folder as
long as the move is not complete, and so do the files of the former result; whoever finds the list takes the move back.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from preflight.names import MANIFEST_NAME, is_plain_name
from preflight.storage import sync_path

if TYPE_CHECKING:
    from pathlib import Path

_LISTING = ".moving"
_FORMER = ".former"


def move_into(staged: Path, folder: Path, former: set[str]) -> None:
    """Replace the files of a former result in a folder by those of a staging folder, the manifest last.

    Args:
        staged: Folder of the new files, inside ``folder``.
        folder: Where they are to appear.
        former: Names of the files to be replaced.

    Raises:
        OSError: A file cannot be moved. As after any interruption, the folder is then as it was before.
    """
    names = sorted(path.name for path in staged.iterdir() if path.name != MANIFEST_NAME)
    (staged / _FORMER).mkdir()
    draft = staged / f"{_LISTING}-draft"
    identities = {name: (staged / name).lstat().st_ino for name in (*names, MANIFEST_NAME)}
    draft.write_text(json.dumps(identities), encoding="utf-8")
    sync_path(draft)
    draft.rename(staged / _LISTING)
    sync_path(staged)
    try:
        for name in sorted(former, key=lambda one: one != MANIFEST_NAME):
            if os.path.lexists(folder / name):
                (folder / name).rename(staged / _FORMER / name)
        for name in (*names, MANIFEST_NAME):
            (staged / name).rename(folder / name)
        sync_path(folder)
        (staged / _LISTING).unlink()
    except BaseException:
        take_back(staged, folder)
        raise


def take_back(staged: Path, folder: Path) -> None:
    """Undo a move that did not come to its end, whatever ended it; nothing happens where none had begun.

    Raises:
        OSError: A file cannot be moved back; the list stays for the next attempt.
        ValueError: The list is none of ours.
    """
    listing = staged / _LISTING
    try:
        names = json.loads(listing.read_bytes())
    except FileNotFoundError:
        return
    if not isinstance(names, dict) or not all(map(_may_be_ours, names)):
        raise ValueError("no list of files")
    aside = {path.name for path in (staged / _FORMER).iterdir()}
    for name, identity in names.items():
        # What bears the name in the folder may be the former file, not moved yet, or somebody else's.
        if os.path.lexists(folder / name) and (folder / name).lstat().st_ino == identity:
            (folder / name).rename(staged / name)
    for name in sorted(aside, key=lambda one: one == MANIFEST_NAME):
        if not os.path.lexists(folder / name):
            (staged / _FORMER / name).rename(folder / name)
    sync_path(folder)
    listing.unlink()


def _may_be_ours(name: str) -> bool:
    return name == MANIFEST_NAME or is_plain_name(name)


def is_moving(staged: Path) -> bool:
    """Whether a move out of a staging folder has begun and not come to its end."""
    return os.path.lexists(staged / _LISTING)
