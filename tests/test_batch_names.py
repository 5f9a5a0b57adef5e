"""What files of a batch are called: no two the same, and each name leads back to its file."""

from __future__ import annotations

import os

from hypothesis import example, given
from hypothesis import strategies as st

from preflight.batch_walk import bytes_of, shown_name


def test_no_two_names_look_the_same_and_each_can_be_had_back() -> None:
    assert shown_name(os.fsdecode(b"bad\xff.pdf")) == "bad\\xff.pdf"
    assert shown_name("bad\\xff.pdf") == "bad\\x5cxff.pdf"


@given(st.binary(max_size=12).map(lambda one: one.replace(b"\0", b"\\x5cxf")))
@example(b"\\\xff")
@example(b"\\x5cxff")
@example(b"\\\\xff")
def test_a_name_can_be_had_back(name: bytes) -> None:
    assert bytes_of(shown_name(os.fsdecode(name))) == name
