"""Results of slow measurements, kept for the documentation: `make docs` writes them into its pages.

Each kind of measurement has a file `docs/background/KIND.json` with its results by title, the date,
the versions, and a hash of the golden hashes. When the bytes of runs have changed since, the page
says that its figures are of other bytes.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Any

from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "background"
GOLDENS = ROOT / "tests" / "goldens.json"
_LIBRARIES = ("numpy", "pyarrow")


def bytes_of_runs() -> str:
    """Return a hash that changes with the bytes of any shipped scenario."""
    runs = json.loads(GOLDENS.read_text(encoding="utf-8"))["runs"]
    return hashlib.sha256(json.dumps(runs, sort_keys=True).encode()).hexdigest()[:16]


def record(kind: str, results: Mapping[str, Any]) -> None:
    """Keep `results` by title; those of other titles stay."""
    path = FOLDER / f"{kind}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    now = {
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), **{x: version(x) for x in _LIBRARIES}},
        "bytes": bytes_of_runs(),
    }
    kept |= {title: {**now, "result": result} for title, result in results.items()}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
