"""Every failure has a row in one table."""

from __future__ import annotations

from extractors import errors as extractor_errors
from extractors.errors import ExtractionError, WrongPassword
from preflight import errors as preflight_errors
from preflight.errors import PreflightError
from preflight.problems import PROBLEMS, problem_from, problem_type


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
