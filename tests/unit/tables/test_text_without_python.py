"""Text tables are read by threads of Arrow that never wait for Python."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from sim.tables import file_readers
from sim.tables.store import Store


@pytest.mark.parametrize(("place", "kind"), [("local", pa.OSFile), ("memory://", pa.BufferReader)])
def test_no_thread_of_arrow_asks_python_for_bytes(
    tmp_path: Path, place: str, kind: type[pa.NativeFile]
) -> None:
    store = Store.of(str(tmp_path) if place == "local" else f"memory://{tmp_path.name}")
    with store.filesystem.open(store.full("rows.csv"), "wb") as file:
        file.write(b"a,b\n1,2\n")
    with store.reading("rows.csv") as file:
        file.read(3)  # as whoever looks for damage does
        source = file_readers._without_python(file)
        assert type(source) is kind
        assert source.read() == b"a,b\n1,2\n"
