"""How an answer may differ from the recorded one.

- Whatever was recorded must be there under the same name. Further members of an object are allowed: answers may grow.
- Arrays have the same length. Strings, integers, booleans and nulls are equal.
- Floats agree within `RELATIVE` or `ABSOLUTE`: an engine may add up in another order.
- `PROSE` is for people and may be reworded: it must not be empty where it was not.
- `ANY_NUMBER`, `ANY_COUNT`, `ANY_TEXT` and a recorded ETag stand for what differs from call to call or build to build.
"""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

RELATIVE, ABSOLUTE = 1e-5, 1e-6

ANY_NUMBER, ANY_COUNT, ANY_TEXT = "<number>", "<count>", "<text>"
WEAK_TAG, STRONG_TAG = 'W/"<tag>"', '"<tag>"'
STAND_INS = {WEAK_TAG: re.compile(r'W/"[^"]+"'), STRONG_TAG: re.compile(r'"[^"]+"'), ANY_TEXT: re.compile(r".+", re.S)}

PROSE = frozenset({"detail", "what", "reason", "message"})


def differences(recorded: Any, actual: Any, place: str = "") -> list[str]:
    """Return what is wrong with ``actual``, a line for each place; nothing where it may stand for ``recorded``."""
    match recorded:
        case dict():
            if not isinstance(actual, dict):
                return [f"{place}: {actual!r} is not an object"]
            missing = [f"{place}.{key}: is missing" for key in recorded if key not in actual]
            return missing + [
                line
                for key in recorded.keys() & actual.keys()
                for line in (
                    _prose(recorded[key], actual[key], f"{place}.{key}")
                    if key in PROSE and isinstance(recorded[key], str)
                    else differences(recorded[key], actual[key], f"{place}.{key}")
                )
            ]
        case list():
            if not isinstance(actual, list) or len(actual) != len(recorded):
                count = f"{len(actual)} items" if isinstance(actual, list) else repr(actual)
                return [f"{place}: {len(recorded)} items were recorded, this is {count}"]
            pairs = zip(recorded, actual, strict=True)
            return [line for at, pair in enumerate(pairs) for line in differences(*pair, f"{place}[{at}]")]
    return [] if _is_same(recorded, actual) else [f"{place}: {recorded!r} was recorded, this is {actual!r}"]


def header_differences(recorded: Mapping[str, str], actual: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the headers ``actual``, of which there must be no others than were recorded."""
    added = [f"header {name}: {actual[name]!r} was not there" for name in actual if name not in recorded]
    return added + differences(dict(recorded), dict(actual), "header ")


def missing(recorded: Collection[str], actual: Collection[str], what: str) -> list[str]:
    """Return a line for each recorded name that is gone."""
    return [f"{what} {name} is gone" for name in recorded if name not in actual]


def _prose(recorded: str, actual: Any, place: str) -> list[str]:
    if isinstance(actual, str) and bool(actual.strip()) == bool(recorded.strip()):
        return []
    return [f"{place}: {recorded!r} was recorded, this is {actual!r}"]


def _is_same(recorded: Any, actual: Any) -> bool:
    if recorded == ANY_NUMBER:
        return _is_number(actual) and math.isfinite(actual)
    if recorded == ANY_COUNT:
        return type(actual) is int and actual > 0
    if isinstance(recorded, str) and recorded in STAND_INS:
        return isinstance(actual, str) and bool(STAND_INS[recorded].fullmatch(actual))
    if isinstance(recorded, float):
        return _is_number(actual) and math.isclose(recorded, actual, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(recorded) is type(actual) and bool(recorded == actual)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
