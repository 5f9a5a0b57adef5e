"""JSON of every front door: the same bytes whichever library writes them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preflight.wire import json_bytes

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@example([1e16, 9.999999999999998e15, 1e-4, 9.9e-5, 1.234e-5, -0.0, 1e22, 5e-324, 0.1 + 0.2, 10**30, -(2**63)])
@example({"ä": [], "": {}, '\x7f\x1f\t"\\/\u2028😀': ["\b\f\n\r"], "b": (1, [2.5, {"z": None, "a": True}])})
@given(DATA)
def test_json_is_that_of_the_standard_library(data: object) -> None:
    expected = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2)

    assert json_bytes(data).decode() == f"{expected}\n"


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800"])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        json_bytes({"value": [value]})


def test_what_is_no_plain_data_is_refused() -> None:
    with pytest.raises(TypeError):
        json_bytes({"value": object()})
