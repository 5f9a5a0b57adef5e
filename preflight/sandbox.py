"""Locks a worker down before it sees a document: limits, no new privileges, Landlock, seccomp (Linux).

What each part keeps out, and what none of them does, is told in docs/security.md. The process that calls :func:`lock`
has one thread, and there is no way back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
import sys
import tempfile
from pathlib import Path

from preflight import sandbox_landlock as landlock
from preflight import sandbox_seccomp as seccomp
from preflight.isolation import Guard, Locked

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2

NO_LANDLOCK = (
    "Files: this kernel has no Landlock (it needs Linux 5.13, and a container runtime that lets it through), so a "
    "worker may read what its user may read."
)
NO_SIGNAL_SCOPE = (
    "Signals: this kernel's Landlock is older than Linux 6.12, so a worker that runs the OCR program may send signals "
    "to other processes of its user."
)
NO_SECCOMP = (
    "System calls: seccomp filters are not available here (Linux on x86-64 or AArch64 has them), so a worker may reach "
    "the network and other processes of its user."
)

_prepared: list[int] = []
"""Descriptor of the ruleset for workers that only read, made before they are forked."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def prepare() -> None:
    """Make what all workers share, in the process that forks them."""
    machine = seccomp.machine()
    if machine is not None:
        seccomp.denials(machine, programs=False)
    if not _prepared and landlock.abi():
        _prepared.append(landlock.ruleset(_readable()))


def support() -> Locked:
    """Tell what this kernel offers for workers that only read, without locking anything."""
    missing = []
    if not landlock.abi():
        missing.append(NO_LANDLOCK)
    if not _has_seccomp():
        missing.append(NO_SECCOMP)
    return _level(missing)


def lock(guard: Guard, *, scratch: Path | None = None, program: str | None = None) -> Locked:
    """Lock this process down for good.

    Args:
        guard: How far.
        scratch: Folder in which a worker that runs a program may write; needed with ``program``.
        program: The one program it may run; None for none.

    Returns:
        What it came to; with ``isolation`` off, the limits alone.

    Raises:
        OSError: A part the kernel offers could not be put on.
    """
    _limit(guard)
    if guard.isolation == "off":
        return Locked(level="none", missing=("Isolation is switched off by the setting isolation.",))
    if sys.platform != "linux":
        return Locked(level="none", missing=(NO_LANDLOCK, NO_SECCOMP))
    if scratch is not None:
        tempfile.tempdir = str(scratch)
    library = landlock.system()
    _prctl(library, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(library, _PR_SET_DUMPABLE, 0)
    _drop_capabilities(library)
    missing = [] if _restrict_files(scratch, program) else [NO_LANDLOCK]
    if program is not None and 0 < landlock.abi() < landlock.FULL_ABI:
        missing.append(NO_SIGNAL_SCOPE)
    if not _filter_calls(library, programs=program is not None):
        missing.append(NO_SECCOMP)
    return _level(missing)


def _level(missing: list[str]) -> Locked:
    if not missing:
        return Locked(level="full")
    return Locked(level="none" if NO_SECCOMP in missing and NO_LANDLOCK in missing else "partial", missing=(*missing,))


def _limit(guard: Guard) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if guard.memory_bytes:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = guard.memory_bytes if hard == resource.RLIM_INFINITY else min(hard, guard.memory_bytes)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _prctl(library: ctypes.CDLL, option: int, value: int) -> None:
    if library.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """Give up what root may do, but for reading code that belongs to others (Landlock says which)."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if library.capget(header, held):
        raise OSError(ctypes.get_errno(), "capget")
    effective, permitted, _, *_ = struct.unpack("=6I", held.raw)
    kept = _CAP_DAC_READ_SEARCH
    if effective or permitted:
        wanted = struct.pack("=6I", effective & kept, permitted & kept, 0, 0, 0, 0)
        if library.capset(header, wanted):
            raise OSError(ctypes.get_errno(), "capset")


def _readable() -> list[tuple[Path, int]]:
    places = [(place, landlock.READ) for place in landlock.readable_places()]
    return [*places, (Path(os.devnull), landlock.WRITE)]


def _restrict_files(scratch: Path | None, program: str | None) -> bool:
    if not landlock.abi():
        return False
    places: list[tuple[Path, int]] = []
    if scratch is not None:
        places.append((scratch, landlock.SCRATCH))
    if program is not None:
        places += [(place, landlock.RUN) for place in (Path(program), *landlock.loaders())]
    descriptor = landlock.ruleset([*_readable(), *places]) if places or not _prepared else _prepared[0]
    landlock.restrict(descriptor)
    os.close(descriptor)
    return True


def _has_seccomp() -> bool:
    if sys.platform != "linux" or seccomp.machine() is None:
        return False
    library = landlock.system()
    # Asking for filter mode with no filter fails with EFAULT where there are filters, with EINVAL where there are none.
    library.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), None, ctypes.c_ulong(0), ctypes.c_ulong(0))
    return ctypes.get_errno() == errno.EFAULT


def _filter_calls(library: ctypes.CDLL, *, programs: bool) -> bool:
    machine = seccomp.machine()
    if machine is None or not _has_seccomp():
        return False
    code = seccomp.program(machine, os.getpid(), programs=programs)
    given = _Program(len(code) // 8, code)
    if library.prctl(
        _PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(given), ctypes.c_ulong(0), ctypes.c_ulong(0)
    ):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
    return True
