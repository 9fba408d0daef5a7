"""Open the tables of a pack, to plant leaks in it."""

from __future__ import annotations

import json
from pathlib import Path

from sim.tables.database import RunTables


def tables_of(pack: Path) -> RunTables:
    """Return the tables of a pack in a folder."""
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    opens, closes = manifest["windows"][0]
    return RunTables.over(pack, opens, closes)
