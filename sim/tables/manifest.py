"""What a run was made of and what it holds: progress while it goes, the manifest at its end."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import InvalidInputError
from sim.scenario.resolved import Scenario
from sim.tables.parts import FileRecord, PartWriter, sha256_of

MANIFEST = "manifest.json"
_PROGRESS = ".unfinished.json"
_KEYS = {"software", "seed", "scenario", "files"}


def software() -> dict[str, str]:
    """The versions on which the bytes of a run depend."""
    import numpy as np
    import pyarrow as pa
    import simpy

    import sim

    return {
        "sim": sim.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "simpy": simpy.__version__,
    }


class Progress:
    """The finished files of a run that is not finished, kept in its folder."""

    def __init__(
        self, out: Path, identity: str, done: dict[str, FileRecord], *, same: bool
    ) -> None:
        self._out, self._identity, self._found, self._same = out, identity, done, same
        self.files: dict[str, FileRecord] = {}

    @classmethod
    def of(cls, scenario: Scenario, out: Path) -> Progress:
        """Read the progress of an interrupted run of the same scenario by the same software."""
        text = json.dumps([scenario.to_dict(), software()], sort_keys=True)
        identity = hashlib.sha256(text.encode()).hexdigest()
        try:
            found = json.loads((out / _PROGRESS).read_text(encoding="utf-8"))
            same = bool(found["identity"] == identity)
            files = [FileRecord(**record) for record in found["files"]] if same else []
        except (OSError, ValueError, KeyError, TypeError):
            same, files = False, []
        whole = {f.path: f for f in files if _is_whole(out, f)}
        return cls(out, identity, whole, same=same)

    def begin(self) -> None:
        """Leave a mark from the first moment on, so that a killed run can be taken up again."""
        self._write()

    def resumes(self) -> bool:
        """Whether the folder holds an unfinished run of the same scenario and software."""
        return self._same

    def holds_a_run(self) -> bool:
        return (self._out / MANIFEST).exists() or (self._out / _PROGRESS).exists()

    def writer(self, stem: str, schema: Any, fmt: str, *, single: bool = False) -> PartWriter:
        return PartWriter(
            self._out, stem, schema, fmt, done=self._found, finished=self._finished, single=single
        )

    def _finished(self, record: FileRecord) -> None:
        self.files[record.path] = record
        self._write()

    def _write(self) -> None:
        files = [asdict(f) for f in self.all_files()]
        _write_json(self._out / _PROGRESS, {"identity": self._identity, "files": files})

    def all_files(self) -> list[FileRecord]:
        known = self._found | self.files
        return [known[path] for path in sorted(known)]

    def end(self) -> None:
        (self._out / _PROGRESS).unlink(missing_ok=True)

    def discard_if_empty(self) -> None:
        """Leave no trace of a run that finished no part."""
        if self._out.is_dir() and not (self._found or self.files):
            shutil.rmtree(self._out)


def _is_whole(out: Path, record: FileRecord) -> bool:
    path = out / record.path
    return (
        path.is_file() and path.stat().st_size == record.bytes and sha256_of(path) == record.sha256
    )


def write_manifest(
    scenario: Scenario, out: Path, progress: Progress, actors: Sequence[Any]
) -> tuple[FileRecord, ...]:
    """Write the manifest, last of all, and return the files that it lists."""
    files = progress.all_files()
    content = {
        "software": software(),
        "seed": scenario.seed,
        "scenario": scenario.to_dict(),
        "actors": [asdict(a) for a in actors],
        "files": [asdict(f) for f in files],
    }
    _write_json(out / MANIFEST, content)
    progress.end()
    return tuple(files)


def read_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a finished run; InvalidInputError says what else was found."""
    path = run / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if (run / _PROGRESS).exists():
            raise InvalidInputError(
                f"{run}: the run is not finished; give the same `sim run` command again"
            ) from None
        if not run.is_dir():
            raise InvalidInputError(f"{run}: no such folder") from None
        raise InvalidInputError(f"{run}: holds no run: {MANIFEST} is missing") from None
    except ValueError as error:
        raise InvalidInputError(f"{path}: is damaged: {error}") from None
    if not isinstance(content, dict) or not content.keys() >= _KEYS:
        raise InvalidInputError(f"{path}: is not the manifest of a run")
    return content


def scenario_of(manifest: dict[str, Any], run: Path) -> Scenario:
    """The scenario of a run; InvalidInputError if the manifest holds none of this version."""
    try:
        return Scenario.from_dict(manifest["scenario"])
    except ValidationError as error:
        raise InvalidInputError(
            f"{run / MANIFEST}: its scenario is not one of this version of sim: "
            f"{error.error_count()} values differ in form"
        ) from None


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name.lstrip('.')}.tmp")
    try:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
