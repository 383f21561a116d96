"""The examples in the docstrings of the package give what they say."""

import doctest
import importlib
import pkgutil

import gatescope
import pytest


def examples() -> list[doctest.DocTest]:
    """Every docstring of the package that holds an example."""
    names = [gatescope.__name__, *(each.name for each in pkgutil.walk_packages(gatescope.__path__, "gatescope."))]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    return [test for module in modules for test in doctest.DocTestFinder().find(module) if test.examples]


def test_the_public_functions_for_other_peoples_models_have_an_example() -> None:
    assert "gatescope.recurrent.trace_module.trace_module" in {each.name for each in examples()}


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_give_what_they_say(example: doctest.DocTest) -> None:
    report: list[str] = []
    result = doctest.DocTestRunner().run(example, out=report.append)
    assert result.failed == 0, "".join(report)
