"""What a page carries: JSON for its code, and the notice about its address."""

import html
import json
import re
from typing import Any


def embedded(page: str, element: str) -> Any:
    """Return the JSON in a script element."""
    match = re.search(rf'<script type="application/json" id="{element}">(.*?)</script>', page, re.DOTALL)
    assert match, page
    return json.loads(match.group(1))


def notice(page: str) -> str:
    """Return what the page says about an address that it cannot show."""
    [message] = re.findall(r'id="message"[^>]*>(.*?)</span>', page, re.DOTALL)
    return html.unescape(message)
