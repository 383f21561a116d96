"""The templates, and JSON inside them."""

import json
from pathlib import Path

import jinja2
import pytest
from gatescope import __version__
from gatescope.settings import data_folder
from gatescope.web.templates import script_safe, templates
from jinja2 import nodes

NAMES = sorted(path.name for path in data_folder("templates").iterdir())


def test_json_cannot_end_its_script_element_and_stays_the_same() -> None:
    content = {"text": "</script><!-- <b>&amp;", "other": "ü"}
    safe = script_safe(json.dumps(content).encode())
    assert "<" not in safe
    assert json.loads(safe) == content


@pytest.mark.parametrize("name", ["index.html", "card.html", "docs.html", "no_models.html"])
def test_every_page_has_a_template_with_the_version(name: str) -> None:
    template = templates().get_template(name)
    assert template.globals["version"] == __version__


@pytest.mark.parametrize("name", [*NAMES, "still.svg", "mail.txt", "plain"])
def test_every_template_escapes_what_it_is_given(name: str) -> None:
    environment = templates().env.overlay(loader=jinja2.DictLoader({name: "{{ text }}"}))
    assert environment.get_template(name).render(text="<script>\"'&") == "&lt;script&gt;&#34;&#39;&amp;"


@pytest.mark.parametrize("name", NAMES)
def test_no_template_lets_anything_through_unescaped(name: str) -> None:
    """Neither by the filter ``safe`` nor by ``autoescape false``; HTML comes as Markup, from where it is made."""
    source = Path(data_folder("templates") / name).read_text(encoding="utf-8")
    tree = templates().env.parse(source)
    assert [each.name for each in tree.find_all(nodes.Filter) if each.name == "safe"] == []
    assert list(tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier, nodes.MarkSafe))) == []


def test_all_templates_are_looked_at() -> None:
    assert len(NAMES) >= 6
    assert sorted(templates().env.list_templates()) == NAMES
