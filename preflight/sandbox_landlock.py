"""Files a locked worker may open, by Landlock (Linux 5.13 and later): Python and its libraries, fonts, OCR data.

A ruleset is made once, by the server that forks the workers, and put on by each worker; nothing in it depends on the
document, which comes as an open descriptor.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1
_PATH_BENEATH = 1
_RULE = struct.Struct("=Qi")

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG, _TRUNCATE, _IOCTL_DEV = 1 << 5, 1 << 8, 1 << 14, 1 << 15
_FIRST_RIGHTS = (1 << 13) - 1
_REFER = 1 << 13
_NET = 0b11  # bind and connect with TCP; nothing is ever allowed
_SCOPES = 0b11  # abstract Unix sockets, signals

READ = READ_FILE | READ_DIR
WRITE = READ_FILE | WRITE_FILE | _TRUNCATE
SCRATCH = READ | WRITE | _REMOVE_FILE | _MAKE_REG
RUN = READ_FILE | EXECUTE

FULL_ABI = 6
"""From here on (Linux 6.12) signals are kept in, too; seccomp does that for workers that run no program."""

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store")
_DATA = (
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/openssl.cnf",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/usr/local/share/fonts",
    "/usr/local/share/tessdata",
    "/usr/share/X11/fonts",
    "/usr/share/fonts",
    "/usr/share/tessdata",
    "/usr/share/tesseract-ocr",
    "/usr/share/zoneinfo",
)


@cache
def system() -> ctypes.CDLL:
    """Return the C library."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call; return its result, or minus the errno."""
    given = [ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(one) for one in arguments]
    result = int(system().syscall(ctypes.c_long(number), *given))
    return -ctypes.get_errno() if result < 0 else result


@cache
def abi() -> int:
    """Version of Landlock in this kernel; 0 when it has none, or it is switched off."""
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION)) if sys.platform == "linux" else 0


def readable_places() -> Iterator[Path]:
    """Yield what a worker needs to read besides the document: code loaded late, libraries, fonts, OCR data."""
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield from (Path(prefix, part) for part in ("lib", "lib64", "share", "pyvenv.cfg"))
    here = Path(__file__).resolve().parent
    yield from (here, here.parent / "extractors")
    # Of a source tree of ours only the packages, not what lies beside them; whatever else is on the path is code.
    source_tree = here.parent if (here.parent / "pyproject.toml").exists() else None
    yield from (Path(entry) for entry in sys.path if entry.startswith("/") and Path(entry).resolve() != source_tree)
    yield from map(Path, (*_LIBRARIES, *_DATA))
    for variable in ("TESSDATA_PREFIX", "LD_LIBRARY_PATH"):
        yield from (Path(one) for one in os.environ.get(variable, "").split(":") if one.startswith("/"))


def loaders() -> Iterator[Path]:
    """Yield the dynamic loaders: to run a program, the kernel runs the loader it names."""
    for folder in ("/lib", "/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"):
        yield from Path(folder).glob("ld-*.so*")


def ruleset(places: Iterable[tuple[Path, int]]) -> int:
    """Make a ruleset that allows nothing but ``places`` with their rights; return its descriptor.

    Places that do not exist are left out, rights this kernel does not know are not asked for.

    Raises:
        OSError: The kernel has no Landlock.
    """
    version = abi()
    handled = _FIRST_RIGHTS
    handled |= _REFER if version >= 2 else 0
    handled |= _TRUNCATE if version >= 3 else 0
    handled |= _IOCTL_DEV if version >= 5 else 0
    attributes = struct.pack("=Q", handled)
    attributes += struct.pack("=Q", _NET) if version >= 4 else b""
    attributes += struct.pack("=Q", _SCOPES) if version >= 6 else b""
    descriptor = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    if descriptor < 0:
        raise OSError(-descriptor, os.strerror(-descriptor))
    for place, rights in places:
        _allow(descriptor, place, rights & handled)
    return descriptor


def _allow(descriptor: int, place: Path, rights: int) -> None:
    with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(opened).st_mode):
                rights &= ~(READ_DIR | _REMOVE_FILE | _MAKE_REG)
            result = _call(_ADD_RULE, descriptor, _PATH_BENEATH, _RULE.pack(rights, opened), 0)
            if result < 0:
                raise OSError(-result, os.strerror(-result), str(place))
        finally:
            os.close(opened)


def restrict(descriptor: int) -> None:
    """Put a ruleset on this process and all it will start, for good. Needs PR_SET_NO_NEW_PRIVS.

    Raises:
        OSError: The kernel refuses.
    """
    result = _call(_RESTRICT_SELF, descriptor, 0)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
