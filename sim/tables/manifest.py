"""What a run was made of and what it holds."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sim._version import __version__
from sim.documents.printable import said
from sim.errors import InvalidInputError
from sim.scenario.resolved import Scenario
from sim.tables.formats import FileRecord
from sim.tables.manifest_form import FORMAT, ManifestForm, checked
from sim.tables.store import Store

MANIFEST = "manifest.json"
# Says that a run was begun and is not finished, and what it is a run of.
UNFINISHED = ".unfinished/run.json"
# The same of a pack.
UNFINISHED_PACK = ".unfinished/pack.json"
_KEYS = {"software", "scenario", "files"}


def software() -> dict[str, str]:
    """Return the versions on which the bytes of a run depend."""
    import numpy as np
    import pyarrow as pa
    import simpy

    return {
        "sim": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "simpy": simpy.__version__,
    }


def write_manifest(
    scenario: Scenario, out: Store, files: Sequence[FileRecord], actors: Sequence[Any]
) -> None:
    """Write the manifest, last of all: where it is, the run is finished.

    Parameters
    ----------
    scenario
        The scenario in resolved form.
    out
        Where the run lies.
    files
        Its files, but for the manifest itself.
    actors : sequence of ActorSummary
        What each actor achieved, in the order of the scenario.
    """
    content = {
        "format": FORMAT,
        "software": software(),
        "seed": scenario.seed,
        "scenario": scenario.to_dict(),
        "actors": [asdict(a) for a in actors],
        "files": [f.to_dict() for f in files],
    }
    out.write_json(MANIFEST, content)


def read_manifest(run: Store) -> dict[str, Any]:
    """Return the manifest of a finished run, checked as strictly as a scenario.

    The files that it lists are not looked at. Keys that only a later minor version knows are left
    out.

    Parameters
    ----------
    run
        Where the run lies.

    Returns
    -------
    dict
        The values of the file, of which `scenario` is in resolved form.

    Raises
    ------
    InvalidInputError
        If there is none, which says what was found instead; or if it has faults, each in a line.
    """
    # what else may be there gets a message of its own
    try:
        content = run.read_json(MANIFEST)
    except FileNotFoundError:
        if run.is_file(UNFINISHED):
            raise InvalidInputError(
                f"{run}: the run is not finished; `sim run --resume {run}` completes it"
            ) from None
        if run.is_file(UNFINISHED_PACK):
            raise InvalidInputError(
                f"{run}: is a pack that is not finished; `sim dataset --resume {run}` completes it"
            ) from None
        if not run.is_folder():
            raise InvalidInputError(f"{run}: no such folder") from None
        raise InvalidInputError(f"{run}: holds no run: {MANIFEST} is missing") from None
    except NotADirectoryError:
        raise InvalidInputError(f"{run}: is a file; give the folder of a run") from None
    except ValueError as error:
        raise InvalidInputError(f"{run.name(MANIFEST)}: is damaged: {said(error)}") from None

    if isinstance(content, dict) and content.get("kind") == "pack":
        raise InvalidInputError(f"{run}: is a pack, not a run")
    if not isinstance(content, dict) or not content.keys() >= _KEYS:
        raise InvalidInputError(f"{run.name(MANIFEST)}: is not the manifest of a run")
    return checked(ManifestForm, content, run.name(MANIFEST))


def records_of(manifest: dict[str, Any]) -> list[FileRecord]:
    """Return the files that a manifest lists."""
    return [FileRecord(**record) for record in manifest["files"]]


def scenario_of(manifest: dict[str, Any]) -> Scenario:
    """Return the scenario of a run, from its manifest or what stands for it while unfinished."""
    return Scenario.from_dict(manifest["scenario"])
