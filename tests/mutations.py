"""Seeded damage to real files: bit flips, cuts, splices, repeated and swapped blocks, numbers made huge."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NUMBER = re.compile(rb"\d{1,9}")
_EXTREME = (b"0", b"-1", b"65536", b"2147483647", b"4294967296", b"99999999999999999999", b"1e9", b"0.0000001")


def mutated(data: bytes, other: bytes, seed: int) -> bytes:
    """Return damaged bytes; the same arguments give the same bytes.

    Args:
        data: A whole file.
        other: Another one, to splice from.
        seed: Chooses kind and place of the damage.
    """
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 2, 4))):
        data = chance.choice(_KINDS)(bytearray(data), other, chance)
    return data


def _flip_bits(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 8, 64, 512))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut_short(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(len(data) + 1)])


def _take_out(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data) + 1)
    return bytes(data[:begin] + data[begin + chance.choice((1, 16, 512, 8192)) :])


def _splice(data: bytearray, other: bytes, chance: random.Random) -> bytes:
    begin, at = chance.randrange(len(data) + 1), chance.randrange(len(other) + 1)
    length = chance.choice((16, 512, 8192, 65536))
    end = begin + (length if chance.random() < 0.5 else 0)
    return bytes(data[:begin] + other[at : at + length] + data[end:])


def _repeat(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data) + 1)
    block = data[begin : begin + chance.choice((8, 256, 4096))]
    return bytes(data[:begin] + block * chance.choice((2, 16, 128)) + data[begin:])


def _swap(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    length = chance.choice((4, 64, 2048))
    first, second = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )
    return bytes(data)


def _change_number(data: bytearray, _other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 10))):
        hit = _NUMBER.search(data, chance.randrange(len(data) + 1))
        if hit is not None:
            data[hit.start() : hit.end()] = chance.choice(_EXTREME)
    return bytes(data)


_KINDS: Sequence[Callable[[bytearray, bytes, random.Random], bytes]] = (
    _flip_bits,
    _cut_short,
    _take_out,
    _splice,
    _repeat,
    _swap,
    _change_number,
)


def main() -> None:
    """Write the damaged file of one case: ``python tests/mutations.py FILE OTHER SEED OUT``."""
    file, other, seed, out = sys.argv[1:]
    Path(out).write_bytes(mutated(Path(file).read_bytes(), Path(other).read_bytes(), int(seed)))


if __name__ == "__main__":
    main()
