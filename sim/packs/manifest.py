"""The manifest of a pack: its recipe, its files, and what readers need to know of its splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.printable import first_of, said
from sim.documents.strict_yaml import Document
from sim.errors import InvalidInputError
from sim.packs.pack_files import UNFINISHED, is_own
from sim.packs.recipe import Recipe
from sim.tables import manifest as of_runs
from sim.tables.formats import FileRecord
from sim.tables.manifest import MANIFEST
from sim.tables.manifest_form import Count, FileForm, Name
from sim.tables.store import Store

FORMAT = "1.0"
KIND = "pack"
_MOST_PROBLEMS = 20


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class PackFileForm(FileForm):
    """A file of a pack; texts have no rows."""

    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_./0-9-]{1,120}$")]


class SoftwareForm(_Form):
    """The versions on which the bytes of a pack depend."""

    sim: Name
    python: Name
    numpy: Name
    pandas: Name
    pyarrow: Name
    simpy: Name
    duckdb: Name


class PackManifestForm(_Form):
    """The manifest of a pack."""

    format: Annotated[str, StringConstraints(pattern=r"^1\.(0|[1-9]\d{0,3})$")]
    kind: Literal["pack"]
    name: str
    software: SoftwareForm
    recipe: dict[str, Any]
    rows: dict[str, Count]
    values: dict[str, Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]]
    windows: tuple[tuple[int, int], ...]
    splits: dict[str, Any]
    files: tuple[PackFileForm, ...] = Field(min_length=1)


def software() -> dict[str, str]:
    """Return the versions on which the bytes of a pack depend."""
    return {**of_runs.software(), "pandas": version("pandas"), "duckdb": version("duckdb")}


def write_manifest(
    recipe: Recipe,
    out: Store,
    files: Sequence[FileRecord],
    values: Mapping[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the manifest, last of all: where it is, the pack is finished.

    Parameters
    ----------
    recipe
        What the pack is made of.
    out
        Where it lies.
    files
        Its files, but for the manifest itself.
    values
        The checksum of the values of each table; see `sim.packs.checksums`.
    facts
        What the steps had to say: `windows` of the targets, in microseconds of Unix time, and how
        many the splits have.

    Returns
    -------
    dict
        What was written.
    """
    content = {
        "format": FORMAT,
        "kind": KIND,
        "name": recipe.name,
        "software": software(),
        "recipe": recipe.to_dict(),
        "rows": rows_of(files),
        "values": dict(values),
        "windows": facts["targets"]["windows"],
        "splits": facts["splits"],
        "files": [file.to_dict() for file in files],
    }
    out.write_json(MANIFEST, content)
    return content


def rows_of(files: Sequence[FileRecord]) -> dict[str, int]:
    """Return the rows of each table, in order of names."""
    rows: dict[str, int] = {}
    for file in files:
        if file.path.endswith(".parquet"):
            stem = stem_of(file.path)
            rows[stem] = rows.get(stem, 0) + file.rows
    return dict(sorted(rows.items()))


def stem_of(path: str) -> str:
    """Return the table that a file belongs to: `log/exchanges` of its parts."""
    folder, _, name = path.removesuffix(".parquet").rpartition("/")
    return folder if name.startswith("part-") else path.removesuffix(".parquet")


def is_pack(place: Store) -> bool:
    """Whether a finished pack lies there, be its manifest damaged beyond its kind."""
    try:
        content = place.read_json(MANIFEST)
    except (OSError, ValueError, InvalidInputError):
        return False
    return isinstance(content, dict) and content.get("kind") == KIND


def read_manifest(pack: Store) -> dict[str, Any]:
    """Return the manifest of a finished pack, checked as strictly as a recipe.

    The files that it lists are not looked at.

    Parameters
    ----------
    pack
        Where the pack lies.

    Raises
    ------
    InvalidInputError
        If there is none, which says what was found instead; or if it has faults, each in a line.
    """
    try:
        content = pack.read_json(MANIFEST)
    except FileNotFoundError:
        if pack.is_file(UNFINISHED):
            raise InvalidInputError(
                f"{pack}: the pack is not finished; `sim dataset --resume {pack}` completes it"
            ) from None
        if not pack.is_folder():
            raise InvalidInputError(f"{pack}: no such folder") from None
        raise InvalidInputError(f"{pack}: holds no pack: {MANIFEST} is missing") from None
    except NotADirectoryError:
        raise InvalidInputError(f"{pack}: is a file; give the folder of a pack") from None
    except ValueError as error:
        raise InvalidInputError(f"{pack.name(MANIFEST)}: is damaged: {said(error)}") from None

    if isinstance(content, dict) and "scenario" in content and "kind" not in content:
        raise InvalidInputError(f"{pack}: is a run, not a pack; `sim dataset` makes packs")
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InvalidInputError(f"{pack.name(MANIFEST)}: is not the manifest of a pack")
    return _checked(content, pack.name(MANIFEST))


def records_of(manifest: Mapping[str, Any]) -> list[FileRecord]:
    """Return the files that a manifest lists."""
    return [FileRecord(**record) for record in manifest["files"]]


def _checked(content: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the content of a manifest; raise InvalidInputError with every fault of it."""
    written = content.get("format")
    if isinstance(written, str) and written.partition(".")[0] not in ("", "1"):
        raise InvalidInputError(
            f"{source}: has the format {written}, and this version of sim reads 1.x; read it with "
            "a version that does, `pip install --upgrade sim`"
        )

    # what they say may be nothing at all, which a form takes for a fault
    free: dict[str, Any] = {
        key: {} for key in ("recipe", "splits") if isinstance(content.get(key), dict)
    }
    layout = Layout(root=PackManifestForm, title="a manifest", item="file")
    parsed, _, problems = problems_of_form(layout, Document(source, {**content, **free}))
    lines = [str(problem) for problem in sorted(set(problems))]
    if isinstance(parsed, PackManifestForm):
        lines += [f"{source}: {text}" for text in _contradictions(parsed, content["recipe"])]
    if lines:
        raise InvalidInputError("\n".join(first_of(lines, _MOST_PROBLEMS)))
    return content


def _contradictions(manifest: PackManifestForm, recipe: dict[str, Any]) -> list[str]:
    """Return what does not hold between the parts of a manifest, or is wrong with its recipe."""
    paths = [record.path for record in manifest.files]
    found = [
        f"files.{path}: is there twice" for path in sorted(set(paths)) if paths.count(path) > 1
    ]
    found += [f"files.{path}: is no file of a pack" for path in paths if not is_own(path)]
    stated = rows_of([FileRecord(**record.model_dump()) for record in manifest.files])
    if stated != manifest.rows:
        found.append("rows: should be those of its files, table by table")
    if set(manifest.values) - set(stated):
        found.append("values: should be of its tables alone")
    try:
        Recipe.from_dict(recipe)
    except (InvalidInputError, ValueError, KeyError, TypeError, IndexError) as error:
        found.append(f"recipe: cannot be read: {said(error)}")
    return found
