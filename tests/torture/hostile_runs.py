"""Run folders made to do harm, each before every verb that takes a run.

None may end as an internal error, a hang, a library's warning, a blow-up of memory, or with
anything read from outside of the folder. `python -m tests.torture.hostile_runs 200` tries 200.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support.commands import TINY, sim
from tests.support.damage import forge
from tests.support.paths import ROOT

VERBS: tuple[tuple[str, ...], ...] = (
    ("counts",),
    ("counts", "--json"),
    ("verify",),
    ("verify", "--rerun", "-j", "1"),
    ("check-run",),
    ("report", "-q", "--html", "page.html"),
    ("compare", "-q", "--draws", "200", "--only", "odds"),
    ("run", "-j", "1", "--resume"),
)
MEMORY_BYTES = 4 << 30
SECRET = "words-from-outside-of-the-folder"
_SECONDS = 120
_BAD_WORDS = re.compile(
    rf"internal error|Traceback|Warning|{SECRET}|\nnot a line|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]"
)
# Every kind of wrong value, for any place in a manifest.
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    10**39,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\x1b[2J\nnot a line of its own\r\u202e",
    "\ud800",
    "/etc/passwd",
    "../outside/secret.parquet",
    "a" * 5_000,
    [],
    {},
    [[]],
    {"a": 1},
)

Change = Callable[[Path, random.Random], Any]


def made_run(folder: Path) -> Path:
    """A small run to be changed, with two parts."""
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    out = folder / "run"
    options = ("-o", str(out), "-j", "1", "--set", "tables.part_rows=1500")
    result = sim("run", str(folder / "tiny.yaml"), *options)
    assert result.exit_code == 0, result.stderr
    return out


# --- how a folder is made hostile


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*here, key)
        if isinstance(item, dict | list):
            yield from _places(item, (*here, key))


def _holder(content: Any, rng: random.Random) -> tuple[Any, Any]:
    """A mapping or list of a manifest, and a key or place in it."""
    *way, last = rng.choice(list(_places(content)))
    for key in way:
        content = content[key]
    return content, last


def another_value(run: Path, rng: random.Random) -> None:
    """Some value of the manifest is of another type or out of any range."""

    def change(content: Any) -> None:
        holder, key = _holder(content, rng)
        holder[key] = rng.choice(VALUES)

    forge(run, change)


def lost_key(run: Path, rng: random.Random) -> None:
    """A key or item of the manifest is missing."""

    def change(content: Any) -> None:
        holder, key = _holder(content, rng)
        del holder[key]

    forge(run, change)


def another_key(run: Path, rng: random.Random) -> None:
    """There is a key too many."""
    forge(run, lambda content: _mapping(content, rng).update({"\x1b[31mnew\n": rng.choice(VALUES)}))


def _mapping(content: Any, rng: random.Random) -> Any:
    while True:
        holder, _ = _holder(content, rng)
        if isinstance(holder, dict):
            return holder


def another_path(run: Path, rng: random.Random) -> None:
    """A file is listed that lies elsewhere, or under a name that no run has."""
    names = (
        str(run.parent / "outside" / "secret.parquet"),
        "../outside/secret.parquet",
        "log/../../outside/secret.parquet",
        "log/exchanges/part-00009.parquet",
        "log/exchanges/part-00000.parquet",
        "log//orgs.parquet",
        "manifest.json",
        "log/\x1b[2J.parquet",
        "",
    )
    forge(run, lambda content: rng.choice(content["files"]).update(path=rng.choice(names)))


def no_files(run: Path, rng: random.Random) -> None:
    """The manifest lists no files, or some twice."""
    forge(run, lambda content: content.update(files=rng.choice(([], content["files"] * 2))))


def other_text(run: Path, rng: random.Random) -> None:
    """The manifest, or what is said of an unfinished run, is no JSON of a sane size."""
    texts = (
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"[]," * 5_000_000 + b"[]]",
        b"\xef\xbb\xbf{}",
        '{"files": []}'.encode("utf-16"),
        b'{"software": {}, "software": {}, "scenario": {}, "files": []}',
        b"9" * 10_000,
        b'{"software": NaN}',
        b'"\xff"',
        b"null",
    )
    (run / _document(run, rng)).write_bytes(rng.choice(texts))


def flipped_text(run: Path, rng: random.Random) -> None:
    """Some bytes of it are others."""
    path = run / _document(run, rng)
    data = bytearray(path.read_bytes() if path.exists() else b"{}")
    for _ in range(rng.randint(1, 5)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def _document(run: Path, rng: random.Random) -> str:
    if rng.random() < 0.7:
        return "manifest.json"
    (run / ".unfinished").mkdir(exist_ok=True)
    return ".unfinished/run.json"


def huge_manifest(run: Path, _: random.Random) -> None:
    """The manifest says that it has a terabyte."""
    with (run / "manifest.json").open("r+b") as file:
        file.truncate(1 << 40)


def strange_file(run: Path, rng: random.Random) -> None:
    """In place of a file there is something that is none, or a link that leads away."""
    path = rng.choice([run / "manifest.json", *_tables(run)])
    path.unlink()
    outside = run.parent / "outside"
    kind = rng.randrange(8)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        with socket.socket(socket.AF_UNIX) as server:
            here = os.open(path.parent, os.O_RDONLY)
            server.bind(f"/proc/self/fd/{here}/{path.name}")
            os.close(here)
    else:
        to = ("/dev/zero", "/dev/stdin", outside / "secret.parquet", path, "nowhere")[kind - 3]
        path.symlink_to(to)


def strange_folder(run: Path, rng: random.Random) -> None:
    """A folder of the run is a link, out of it or in a circle, or a file."""
    name = rng.choice(["log", "truth", "log/exchanges", "truth/tasks"])
    kind = rng.randrange(4)
    moved = run.parent / "outside" / "moved"
    shutil.move(run / name, moved)
    if kind == 0:
        (run / name).symlink_to(moved)
    elif kind == 1:
        (run / name).symlink_to(run, target_is_directory=True)
    elif kind == 2:
        (run / name).write_text("a file")


def circle(run: Path, _: random.Random) -> None:
    """Links that lead in circles lie beside the files."""
    for name in ("a", "b", "c"):
        (run / "log" / name).symlink_to(run)


def strange_work(run: Path, rng: random.Random) -> None:
    """What is said of an unfinished run, its records and its lock, is not what it seems."""
    outside = run.parent / "outside"
    work = run / ".unfinished"
    kind = rng.randrange(5)
    if kind == 0:
        work.symlink_to(outside)
        return
    work.mkdir()
    content = json.loads((run / "manifest.json").read_text())
    if kind == 1:
        (work / "lock").symlink_to(outside / "secret.parquet")
    elif kind == 2:
        os.mkfifo(work / "run.json")
        (run / "manifest.json").unlink()
    else:
        (run / "manifest.json").unlink()
        about = {k: content[k] for k in ("software", "scenario")} | {"identity": "0" * 64}
        (work / "run.json").write_text(json.dumps(about))
        (work / "shards").mkdir()
        (work / "shards" / "000000.json").write_text(json.dumps(rng.choice(VALUES)))


def other_names(run: Path, _: random.Random) -> None:
    """Files lie there whose names are not meant to be printed."""
    for name in (b"\x1b[2J", b"line\nbreak", b"\xff\xfe", "\u202egnp".encode(), b"x" * 250):
        Path(os.fsdecode(os.fsencode(run / "log") + b"/" + name)).write_text("mine")


def other_bytes(run: Path, rng: random.Random) -> None:
    """A table is not what it was, and the manifest was made to say so."""
    path = rng.choice(_tables(run))
    data = bytearray(path.read_bytes())
    kind = rng.randrange(4)
    if kind == 0:
        data = data[: rng.randrange(len(data))]
    elif kind == 1:
        other = rng.choice(_tables(run))
        data = bytearray(other.read_bytes())
    else:
        for _ in range(rng.randint(1, 9)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    if rng.random() < 0.7:
        from sim.tables.store import Store

        name = path.relative_to(run).as_posix()
        said = {"bytes": len(data), "sha256": Store(str(run)).sha256(name)}
        forge(run, lambda content: _record(content, name).update(said))


def other_cells(run: Path, rng: random.Random) -> None:
    """A table holds words and numbers that no run has, and the manifest was made to fit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.support.damage import put_table

    path = rng.choice(_tables(run))
    table = pq.read_table(path, partitioning=None)
    if not table.num_rows:
        return
    field = rng.choice(list(table.schema))
    number = table.schema.names.index(field.name)
    if pa.types.is_dictionary(field.type):
        cells = pa.array(["\x1b[2J\nword"] * len(table)).dictionary_encode().cast(field.type)
    elif pa.types.is_boolean(field.type):
        cells = pa.array([True] * len(table))
    elif pa.types.is_floating(field.type):
        odd = rng.choice([float("nan"), -1e30, 1e30])
        cells = pa.array([odd] * len(table), field.type)
    else:
        width = 63 if field.type.bit_width == 64 else field.type.bit_width - 1
        odd = rng.choice([0, 1, 2**width - 1])
        cells = pa.array([odd] * len(table), pa.int64()).cast(field.type)
    put_table(run, path.relative_to(run).as_posix(), table.set_column(number, field, cells))


def other_rows(run: Path, rng: random.Random) -> None:
    """A table has no rows, or twice as many, and the manifest was made to fit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.support.damage import put_table

    stem = rng.choice(
        ["log/accounts", "truth/accounts", "log/exchanges", "truth/tasks", "log/orgs"]
    )
    for path in _tables(run):
        name = path.relative_to(run).as_posix()
        if name.startswith(stem):
            table = pq.read_table(path, partitioning=None)
            more = pa.concat_tables([table, table])
            put_table(run, name, rng.choice([table.slice(0, 0), more]))


def _record(content: Any, name: str) -> Any:
    return next(file for file in content["files"] if file["path"] == name)


def _tables(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*.parquet") if path.is_file())


KINDS: tuple[Change, ...] = (
    another_value,
    lost_key,
    another_path,
    strange_file,
    other_bytes,
    other_cells,
    other_text,
    another_value,
    strange_folder,
    other_rows,
    another_key,
    no_files,
    flipped_text,
    huge_manifest,
    circle,
    strange_work,
    other_names,
)


# --- what the verbs make of it


def make(whole: Path, folder: Path, seed: int) -> str:
    """Make the hostile folder of a seed in `folder`/run; its kind."""
    outside = folder / "outside"
    outside.mkdir(parents=True)
    (outside / "secret.parquet").write_text(SECRET)
    run = Path(shutil.copytree(whole, folder / "run"))
    change, rng = KINDS[seed % len(KINDS)], random.Random(seed)
    change(run, rng)
    return change.__name__


def faults(said: str, code: int, folder: Path) -> list[str]:
    """What is wrong with how a verb ended."""
    found = [f"exit code {code}"] if code not in (0, 1, 2, 3) else []
    if word := _BAD_WORDS.search(said):
        found.append(f"said {word[0]!r}: {said[max(word.start() - 200, 0) : word.end() + 200]!r}")
    if (folder / "outside" / "secret.parquet").read_text() != SECRET:
        found.append("changed a file outside of the folder")
    return found


def run(count: int, seed: int = 1, workers: int = 1) -> dict[str, Any]:
    """Try `count` folders from `seed` on before every verb, each in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        whole = made_run(Path(place))
        with ThreadPoolExecutor(workers) as pool:
            tries = [pool.submit(_try, whole, Path(place), seed + k) for k in range(count)]
            failed = [fault for each in tries for fault in each.result()]
    tried = count * len(VERBS)
    wrong = len({(fault["seed"], fault["verb"]) for fault in failed})
    return {"tried": tried, "passed": tried - wrong, "failed": failed}


def _try(whole: Path, place: Path, seed: int) -> list[dict[str, Any]]:
    found = []
    for number, verb in enumerate(VERBS):
        folder = place / f"{seed}-{number}"
        kind = make(whole, folder, seed)
        about = {"seed": seed, "kind": kind, "verb": " ".join(verb)}
        found += [{**about, "fault": fault} for fault in _called(folder, verb)]
        shutil.rmtree(folder)
    return found


def _called(folder: Path, verb: tuple[str, ...]) -> list[str]:
    command = [sys.executable, "-W", "always::RuntimeWarning", "-m", "sim", *verb, "run"]
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=_bounded,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return [f"no end after {_SECONDS} s"]
    return faults(said.decode(errors="backslashreplace"), child.returncode, folder)


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]]
    print(json.dumps(run(*(asked or [20])), indent=1))  # noqa: T201
