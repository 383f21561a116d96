"""What the page carries with it."""

import html
import json
import re
from typing import Any


def embedded(page: str, element: str) -> Any:
    """The JSON that stands in a script element."""
    found = re.search(rf'<script type="application/json" id="{element}">(.*?)</script>', page, re.DOTALL)
    assert found, page
    return json.loads(found.group(1))


def notice(page: str) -> str:
    """What the page says of an address that it cannot show."""
    [said] = re.findall(r'id="message"[^>]*>(.*?)</span>', page, re.DOTALL)
    return html.unescape(said)
