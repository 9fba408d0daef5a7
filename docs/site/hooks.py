"""What the site needs beside the pages: links that lead out of docs/ become plain text there.

In the repository such a link opens a scenario, a report or a source file. The site holds none of
these, and a link that leads nowhere would fail its build.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links out of docs/ into their text; leave all others as they are."""
    folder = posixpath.dirname(page.file.src_uri)

    def inside(match: re.Match[str]) -> str:
        target = match[3].partition("#")[0]
        if not target or ":" in target:
            return match[0]
        leads_out = posixpath.normpath(posixpath.join(folder, target)).startswith("../")
        return match[2] if leads_out else match[0]

    return _LINK.sub(inside, markdown)
