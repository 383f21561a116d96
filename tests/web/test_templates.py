"""The templates, and JSON inside them."""

import json

import pytest
from gatescope import __version__
from gatescope.web.templates import script_safe, templates


def test_json_cannot_end_its_script_element_and_stays_the_same() -> None:
    content = {"text": "</script><!-- <b>&amp;", "other": "ü"}
    safe = script_safe(json.dumps(content).encode())
    assert "<" not in safe
    assert json.loads(safe) == content


@pytest.mark.parametrize("name", ["index.html", "card.html", "docs.html", "no_models.html"])
def test_every_page_has_a_template_with_the_version(name: str) -> None:
    template = templates().get_template(name)
    assert template.globals["version"] == __version__
