"""A seccomp filter for locked workers, built from the tables of :mod:`preflight.sandbox_syscalls`.

A deny-list, because parser libraries and C libraries differ in the harmless calls they make; what it keeps out is
whatever reaches beyond the process: sockets, programs, other processes, mounts, changes to files by name. A denied call
fails with EPERM, so that a library that only tries goes on. On any other architecture nothing is installed.
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from functools import cache

from preflight.sandbox_syscalls import ABSENT, ARCHITECTURES, CHECKED, FILES, NAMES, NETWORK, PROGRAMS, SYSTEM

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32_BIT = 0x40000000
_INSTRUCTION = struct.Struct("=HBBI")

_CLONE_THREAD = 0x10000
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET, -TIME
_WRITING = 0o3 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, __O_TMPFILE
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX put words into a terminal
_OWNERS = (8, 15)  # F_SETOWN, F_SETOWN_EX let the kernel send signals
_OWN_FENCES = (1, 4, 0x59616D61)  # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_PTRACER


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of classic BPF."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0

    def packed(self) -> bytes:
        """Return it as ``struct sock_filter``."""
        return _INSTRUCTION.pack(self.code, self.if_true, self.if_false, self.value)


_GO = Instruction(_RETURN, _ALLOW)
_DENY = Instruction(_RETURN, _ERRNO | errno.EPERM)
_NOT_THERE = Instruction(_RETURN, _ERRNO | errno.ENOSYS)
_END = Instruction(_RETURN, _KILL)


def machine() -> str | None:
    """Return the key of :data:`ARCHITECTURES` for this process; None where there is no filter for it."""
    name = os.uname().machine
    return name if name in ARCHITECTURES and struct.calcsize("P") == 8 else None


def program(architecture: str, pid: int, *, programs: bool) -> bytes:
    """Return the filter as an array of ``struct sock_filter``.

    Args:
        architecture: Key of :data:`ARCHITECTURES`.
        pid: The process that will be locked; it may send signals to itself, as ``abort`` does.
        programs: Whether programs may be started and files be written where Landlock lets them (a worker that runs the
            OCR program); signals to others are then kept in by Landlock's scope.
    """
    column = list(ARCHITECTURES).index(architecture)
    code: list[Instruction] = []
    for name, checks in _checks(pid, programs=programs).items():
        code += _when(CHECKED[name][column], checks)
    return denials(architecture, programs=programs) + b"".join(one.packed() for one in (*code, _GO))


@cache
def denials(architecture: str, *, programs: bool) -> bytes:
    """Return the part of the filter that is the same for every process; falls through where it has no verdict."""
    column = list(ARCHITECTURES).index(architecture)
    code = [
        Instruction(_LOAD, _ARCHITECTURE),
        Instruction(_JUMP_EQUAL, ARCHITECTURES[architecture], 1, 0),
        _END,
        Instruction(_LOAD, _NUMBER),
        Instruction(_JUMP_AT_LEAST, _X32_BIT, 0, 1),
        _DENY,
    ]
    denied = (FILES, NETWORK, SYSTEM) if programs else (FILES, NETWORK, SYSTEM, NAMES, PROGRAMS)
    for table in denied:
        for numbers in table.values():
            code += _when(numbers[column], [_DENY])
    for numbers in ABSENT.values():
        code += _when(numbers[column], [_NOT_THERE])
    return b"".join(one.packed() for one in code)


def _when(number: int | None, then: list[Instruction]) -> list[Instruction]:
    """Do ``then``, which ends with a verdict, for one system call; None where this architecture has no such call."""
    return [] if number is None else [Instruction(_JUMP_EQUAL, number, 0, len(then)), *then]


def _checks(pid: int, *, programs: bool) -> dict[str, list[Instruction]]:
    opened = _allowed if programs else _denied_bits
    new_process = [Instruction(_LOAD, _ARGUMENTS), Instruction(_JUMP_ANY_BIT, _NEW_NAMESPACES, 0, 1), _DENY]
    if not programs:
        new_process += [Instruction(_JUMP_ANY_BIT, _CLONE_THREAD, 1, 0), _DENY]
    signals = [_GO] if programs else _only(0, (pid,))
    return {
        "clone": [*new_process, _GO],
        "fcntl": _none_of(1, _OWNERS),
        "ioctl": _none_of(1, _TERMINAL),
        "kill": signals,
        "open": opened(1, _WRITING),
        "openat": opened(2, _WRITING),
        "prctl": _none_of(0, _OWN_FENCES),
        "prlimit64": _only(0, (0, pid)),
        "tgkill": signals,
    }


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument; both architectures are little-endian and these arguments are ``int``s."""
    return Instruction(_LOAD, _ARGUMENTS + 8 * index)


def _only(index: int, values: tuple[int, ...]) -> list[Instruction]:
    code = [_argument(index)]
    for value in values:
        code += [Instruction(_JUMP_EQUAL, value, 0, 1), _GO]
    return [*code, _DENY]


def _none_of(index: int, values: tuple[int, ...]) -> list[Instruction]:
    code = [_argument(index)]
    for value in values:
        code += [Instruction(_JUMP_EQUAL, value, 0, 1), _DENY]
    return [*code, _GO]


def _denied_bits(index: int, bits: int) -> list[Instruction]:
    return [_argument(index), Instruction(_JUMP_ANY_BIT, bits, 0, 1), _DENY, _GO]


def _allowed(_index: int, _bits: int) -> list[Instruction]:
    return [_GO]
