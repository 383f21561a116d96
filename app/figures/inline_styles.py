"""The stylesheet of pictures as attributes of SVG, for viewers that know neither variables nor themes."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2

Theme = Literal["light", "dark"]
PRESENTED = {
    "fill",
    "fill-opacity",
    "font-weight",
    "opacity",
    "paint-order",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-width",
    "text-anchor",
    "text-decoration",
}
VARIABLE = re.compile(r"var\((--[\w-]+)\)")
SIDES = re.compile(r"light-dark\(([^,()]+), ?([^,()]+)\)")


def inline(root: Element, css: str, theme: Theme) -> None:
    """Give each element within ``root`` the values that ``css`` has for it, as attributes, and take its class away."""
    matcher = _matcher(css)
    _inline(cssselect2.ElementWrapper.from_xml_root(root), matcher, theme, {})


@cache
def _matcher(css: str) -> cssselect2.Matcher:
    """Return the rules of ``css`` without those that depend on the size of a page, or on what a pointer does."""
    matcher = cssselect2.Matcher()
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            continue
        declared = [
            (each.lower_name, tinycss2.serialize(each.value).strip())
            for each in tinycss2.parse_blocks_contents(rule.content)
            if each.type == "declaration"
        ]
        try:
            selectors = cssselect2.compile_selector_list(rule.prelude)
        except cssselect2.SelectorError:  # such as :focus-visible
            continue
        for selector in selectors:
            matcher.add_selector(selector, declared)
    return matcher


def _inline(wrapped: Any, matcher: cssselect2.Matcher, theme: Theme, variables: Mapping[str, str]) -> None:
    own: dict[str, str] = {}
    for *_, declared in sorted(matcher.match(wrapped), key=lambda match: match[:2]):
        own |= dict(declared)
    variables = {**variables, **{name: value for name, value in own.items() if name.startswith("--")}}
    element = wrapped.etree_element
    for name, value in _resolved(own, theme, variables):
        element.set(name, value)
    for each in wrapped.iter_children():
        _inline(each, matcher, theme, variables)
    element.attrib.pop("class", None)


def _resolved(own: Mapping[str, str], theme: Theme, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the attributes of an element, with numbers and colours in the place of variables and themes."""
    for name, value in own.items():
        if name in PRESENTED:
            while found := VARIABLE.search(value):
                value = value.replace(found[0], variables[found[1]])
            value = SIDES.sub(lambda sides: sides[1 if theme == "light" else 2], value)
            yield name, "none" if value == "transparent" else value.removesuffix("px")
