"""Change a run as somebody would who wants it to look whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.tables.formats import writing_table
from sim.tables.store import Store


def forge(run: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest of a run."""
    manifest = run / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    change(content)
    manifest.write_text(json.dumps(content, indent=1), encoding="utf-8")


def record(content: dict[str, Any], path: str) -> dict[str, Any]:
    """What a manifest says of a file."""
    return next(file for file in content["files"] if file["path"] == path)


def put_table(run: Path, path: str, table: Any) -> None:
    """Put another table in the place of a file, and say so in the manifest."""
    with writing_table(Store(str(run)), path, table.schema, path.rpartition(".")[2]) as file:
        file.append(table)
    forge(run, lambda content: record(content, path).update(file.record.to_dict()))


def put_bytes(run: Path, path: str, data: bytes) -> None:
    """Put other bytes in the place of a file, and say so in the manifest."""
    (run / path).write_bytes(data)
    told = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    forge(run, lambda content: record(content, path).update(told))
