"""Every failure has a row in one table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from extractors import errors as extractor_errors
from extractors.errors import ExtractionError, WrongPassword
from preflight import errors as preflight_errors
from preflight.errors import PreflightError
from preflight.problems import PROBLEMS, problem_from, problem_type
from preflight.service.speaking import over_http

ROOT = Path(__file__).parents[1]
FLAG = re.compile(r"(^|[ (`])--[a-z]|`preflight ")
AT_A_TERMINAL = re.compile(
    r"preflight/(cli|render|batch|client/|start|wording|joiner|output|service/(door|speaking))|.*/pytesseract_engine"
)
"""Modules whose words nobody hears over HTTP."""
THE_SAME_EVERYWHERE = ("--stdin-name", "`preflight plan`", "with --against the original", "Use --ocr-engine auto")
"""In reports and manifests, which are the same bytes wherever they are made."""
RIGHT = ("`preflight batch", "qpdf --split-pages", "command line")
"""Of folders, of another program, and what is to be done at a terminal and says so."""


def _classes(module: object, base: type[BaseException]) -> set[type[BaseException]]:
    return {one for one in vars(module).values() if isinstance(one, type) and issubclass(one, base)}


def test_every_failure_class_has_a_row() -> None:
    classes = _classes(extractor_errors, ExtractionError) | _classes(preflight_errors, PreflightError)

    assert classes == set(PROBLEMS)


def test_slugs_are_unique() -> None:
    slugs = [row.slug for row in PROBLEMS.values()]

    assert sorted(slugs) == sorted(set(slugs))


def test_exit_codes_are_those_of_the_design() -> None:
    assert {row.exit_code for row in PROBLEMS.values()} <= {2, 65, 66, 69, 70, 73, 75, 77, 78, 130}


def test_lookup_follows_the_family() -> None:
    class Special(WrongPassword):
        pass

    assert problem_type(Special).slug == "wrong-password"


def test_a_bug_tells_nothing_of_itself() -> None:
    problem = problem_from(ZeroDivisionError("secret path /home/x"))

    assert problem.code == "internal"
    assert problem.status == 500
    assert "secret" not in problem.detail


def test_the_unit_of_a_failure_is_kept() -> None:
    assert problem_from(ExtractionError("page 7 is broken", unit=7)).unit == 7


def test_no_advice_over_http_is_a_flag() -> None:
    """All texts of the program with a flag in them are known to :mod:`preflight.service.speaking`."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for package in ("extractors", "preflight")
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    named = {name: value for tree in trees.values() for name, value in _constants(tree)}
    found = [
        f"{place}: {told}"
        for place, tree in trees.items()
        if not AT_A_TERMINAL.match(place)
        for text in _texts(tree, named)
        if FLAG.search(told := over_http("timeout", text))
        and not any(one in told for one in (*THE_SAME_EVERYWHERE, *RIGHT))
        and text not in named.values()
    ]

    assert found == []


def _constants(tree: ast.Module) -> list[tuple[str, str]]:
    """Names of a module that stand for a text."""
    return [
        (one.targets[0].id, one.value.value)
        for one in tree.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
        if isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    ]


def _texts(tree: ast.Module, named: dict[str, str]) -> list[str]:
    """Texts of a module, documentation aside; with the constants that are put into them."""
    aside = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    aside |= {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    whole = [one for one in ast.walk(tree) if isinstance(one, ast.Constant | ast.JoinedStr) and id(one) not in aside]
    return [_words(one, named) for one in whole]


def _words(node: ast.expr, named: dict[str, str]) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(one, named) for one in node.values)
    if isinstance(node, ast.FormattedValue):
        return named.get(node.value.id, "…") if isinstance(node.value, ast.Name) else "…"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
