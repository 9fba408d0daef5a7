"""What a manifest may say: its form, the files that a run has, and which versions can be read.

`format` is MAJOR.MINOR. A later minor version may add keys, which are dropped here, and tables,
which are not read; a later major version is refused. What this version does not understand for
another reason is a fault, as it is in a scenario.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.printable import first_of, printable
from sim.documents.problems import Place, Problem, suggest
from sim.documents.strict_yaml import Document
from sim.errors import InvalidInputError
from sim.scenario.resolved import Scenario
from sim.tables.schema import IN_PARTS, LABELS, TABLES

FORMAT = "1.0"
_MOST_PROBLEMS = 20
_VERSION = re.compile(r"(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})")

Count = Annotated[int, Field(ge=0, le=2**53)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._+!-]{1,80}$")]
FilePath = Annotated[
    str, StringConstraints(pattern=r"^(log|truth)/[a-z_]+(/part-\d{5,9})?\.(parquet|csv|jsonl)$")
]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class FileForm(_Form):
    """A file of a run, as `FileRecord`."""

    path: FilePath
    rows: Count
    bytes: Count
    sha256: Sha256
    footer: Sha256 | None = None


class ActorForm(_Form):
    """What an actor achieved, as `ActorSummary`."""

    actor: str
    typology: str
    unit: Literal["answered exchanges", "tasks", "expected exchanges"]
    requested: Count
    achieved: Count
    exchanges_in_log: Count
    tasks_in_log: Count
    tasks_finished: Count
    tasks_given_up: Count
    tasks_cut_off: Count
    tasks_barred: Count
    accounts_banned: Count
    replacements: Count
    requested_given_up: Count
    requested_cut_off: Count


class SoftwareForm(_Form):
    """The versions on which the bytes of a run depend."""

    sim: Name
    python: Name
    numpy: Name
    pyarrow: Name
    simpy: Name


class ManifestForm(_Form):
    """A manifest."""

    format: Annotated[str, StringConstraints(pattern=_VERSION.pattern)]
    software: SoftwareForm
    seed: Annotated[int, Field(ge=0, lt=2**64)]
    scenario: Scenario
    actors: tuple[ActorForm, ...]
    files: tuple[FileForm, ...]


class UnfinishedForm(_Form):
    """What stands for the manifest of a run that is not finished."""

    identity: Sha256
    software: SoftwareForm
    scenario: Scenario


def checked(form: type[BaseModel], content: Any, source: str) -> dict[str, Any]:
    """Return the content of a manifest, or of what stands for it while a run is unfinished.

    Keys that only a later minor version knows are left out.

    Parameters
    ----------
    form
        `ManifestForm` or `UnfinishedForm`.
    content
        The values of the file, a dictionary.
    source
        What the file is called in messages.

    Returns
    -------
    dict
        The values as they are in the file, without what is not known. They are not replaced by what
        the form makes of them.

    Raises
    ------
    InvalidInputError
        With every fault, each in a line, up to twenty; or alone with the fault that another major
        version wrote it.
    """
    from sim.scenario.resolved_checks import problems_of

    _expect_version(content, source)
    if is_later(content):
        content = _without_unknown(form, content)

    # types and ranges first, then what must hold between the parts
    document = Document(source, content)
    layout = Layout(root=form, title="a manifest", item="file")
    parsed, _, problems = problems_of_form(layout, document)
    if isinstance(parsed, ManifestForm | UnfinishedForm):
        problems += problems_of(parsed.scenario, source)
    if isinstance(parsed, ManifestForm):
        where = Place.whole(source)
        problems += [Problem(where, key, text) for key, text in _contradictions(parsed)]

    if problems:
        lines = [str(problem) for problem in sorted(set(problems))]
        raise InvalidInputError("\n".join(first_of(lines, _MOST_PROBLEMS)))
    return dict(content)


def is_later(content: dict[str, Any]) -> bool:
    """Whether a later minor version than this one wrote it, so that not all of it is known."""
    version = _version(content.get("format"))
    return version is not None and version > _version(FORMAT)  # type: ignore[operator]


def _version(text: Any) -> tuple[int, int] | None:
    """Return a version as (major, minor); None for what is no version."""
    match = _VERSION.fullmatch(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2])) if match else None


def _expect_version(content: dict[str, Any], source: str) -> None:
    """Refuse what another major version wrote; one that is unreadable is a fault of the form."""
    version, major = _version(content.get("format")), FORMAT.partition(".")[0]
    if version is not None and version[0] != int(major):
        raise InvalidInputError(
            f"{source}: has the format {content['format']}, and this version of sim reads "
            f"{major}.x; read it with a version that does, `pip install --upgrade sim`"
        )


def _without_unknown(form: type[BaseModel], content: dict[str, Any]) -> dict[str, Any]:
    """Return the content without keys that the form does not have, at any depth.

    The places of these keys come from the validation itself, so that the form says what is known.
    """
    data = _as_tuples(content)
    try:
        form.model_validate(data, strict=True)
    except ValidationError as error:
        unknown = [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]
        return _without(content, {tuple(place) for place in unknown}, ())  # type: ignore[no-any-return]
    return content


def _as_tuples(value: Any) -> Any:
    """Return values with tuples for lists, as strict validation wants them."""
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _without(value: Any, places: set[tuple[Any, ...]], here: tuple[Any, ...]) -> Any:
    """Return a value without the keys at some places, each a path of keys and indices."""
    if isinstance(value, dict):
        keys = [key for key in value if (*here, key) not in places]
        return {key: _without(value[key], places, (*here, key)) for key in keys}
    if isinstance(value, list):
        return [_without(item, places, (*here, k)) for k, item in enumerate(value)]
    return value


# --- what must hold between the parts of a manifest


def _contradictions(manifest: ManifestForm) -> Iterator[tuple[str, str]]:
    """Yield the key and the text of each problem between the parts of a manifest.

    Seed and actors must be those of its scenario, the files those of such a run. A file has no more
    rows than bytes, a footer if and only if it is Parquet, and as many rows as its truth has.
    """
    scenario = manifest.scenario
    if manifest.seed != scenario.seed:
        yield "seed", f"should be {scenario.seed}, that of its scenario; found {manifest.seed}"
    stated = [(a.actor, a.typology) for a in manifest.actors]
    if stated != [(a.id, a.typology) for a in scenario.actors]:
        yield "actors", "should be those of its scenario, in the same order"

    records = {record.path: record for record in manifest.files}
    yield from _file_set(manifest)
    for record in manifest.files:
        if record.rows > record.bytes:
            text = f"should be at most its bytes, {record.bytes}; found {record.rows}"
            yield f"files.{record.path}.rows", text
        if (record.footer is not None) != record.path.endswith(".parquet"):
            yield f"files.{record.path}.footer", "should be there for Parquet, and for nothing else"
        labels = records.get(_labels_of(record.path))
        if labels is not None and labels.rows != record.rows:
            text = f"should be {record.rows}, as {record.path} has; found {labels.rows}"
            yield f"files.{labels.path}.rows", text


def _labels_of(path: str) -> str:
    """Return the file with the truth about the rows of a file; no path if there is none."""
    stem = re.split(r"/part-|\.", path)[0]
    return path.replace(stem, LABELS[stem]) if stem in LABELS else ""


def _file_set(manifest: ManifestForm) -> Iterator[tuple[str, str]]:
    """Yield the problems with the set of files.

    Every table is there: a single file, or parts from 0 on. Truth may be missing as a whole. Files
    of tables that are not known here are allowed if a later minor version wrote the manifest.
    """
    times = Counter(record.path for record in manifest.files)
    yield from ((f"files.{path}", "is there twice") for path in times if times[path] > 1)
    expected = expected_files(manifest.scenario.tables.format, list(times))
    lost = [path for path in expected if path not in times]
    if all(path.startswith("log/") for path in times):
        lost = [path for path in lost if path.startswith("log/")]
    for path in lost:
        yield "files", f"{path} is missing; a run has every table, or no truth at all"
    allowed = set(expected)
    later = is_later({"format": manifest.format})
    for path in times:
        if path not in allowed and not (later and _table_of(path) not in TABLES):
            yield f"files.{path}", f"is no file of such a run{suggest(path, lost)}"


def expected_files(fmt: str, paths: Sequence[str]) -> list[str]:
    """Return the files of a run with as many parts as `paths` has of its log, at least one.

    Parameters
    ----------
    fmt
        The format of the tables, which is the ending of their files.
    paths
        Paths of files that are there, or listed.

    Returns
    -------
    list of str
        In the order of `TABLES`, parts of a table in order of number.
    """
    parts = max(1, sum(path.startswith("log/exchanges/") for path in paths))
    files: list[str] = []
    for table in TABLES:
        if table in IN_PARTS:
            files += [f"{table}/part-{number:05d}.{fmt}" for number in range(parts)]
        else:
            files.append(f"{table}.{fmt}")
    return files


def _table_of(path: str) -> str:
    return printable(re.split(r"/part-|\.", path)[0])
