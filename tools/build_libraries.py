"""Write the libraries of calls that ship: `python -m tools.build_libraries`."""

from __future__ import annotations

from pathlib import Path

from sim.calibration.library import library_from_trace
from sim.catalog.libraries import write_library
from sim.traces import read_trace, split_trace

PLACE = Path("sim/catalog/data/libraries")
TRACES = {"claude-code": "claude_code"}


def main() -> None:
    """Build each library from the part of its trace to fit on; the other part is to test on."""
    for name, trace in TRACES.items():
        fit, _ = split_trace(read_trace(trace))
        path = PLACE / f"{name}.parquet"
        library = library_from_trace(fit, name)
        write_library(library, path)
        calls = f"{library.sources} sources, {len(library.source):,} calls"
        print(f"{path}: {calls}, {path.stat().st_size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
