"""The manifest of a pack is read as strictly as a recipe; files are checked against it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InvalidInputError
from sim.packs.manifest import is_pack, read_manifest
from sim.tables.manifest import read_manifest as read_manifest_of_run
from sim.tables.store import Store
from tests.support.commands import refused, sim
from tests.support.packs import manifest_of


def refusal_of(place: Path) -> str:
    with pytest.raises(InvalidInputError) as refusal:
        read_manifest(Store.of(place))
    return str(refusal.value)


def put(*keys: Any, value: Any) -> Callable[[Any], None]:
    """A change of one value of a manifest."""

    def change(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def test_a_manifest_is_read_as_it_was_written(tiny_pack: Path) -> None:
    assert read_manifest(Store.of(tiny_pack)) == manifest_of(tiny_pack)
    assert is_pack(Store.of(tiny_pack))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("format", value="2.0"), "has the format 2.0, and this version of sim reads 1.x; read it with a version that does, `pip install --upgrade sim`"),  # noqa: E501
        (put("extra", value=1), "unknown key 'extra'"),
        (lambda content: content.pop("values"), "missing key 'values'"),
        (put("files", 0, "path", value="../README.md"), "files.../README.md: is no file of a pack"),
        (put("files", 3, "path", value="log/strange.txt"), "files.log/strange.txt: is no file of a pack"),  # noqa: E501
        (put("files", 0, "rows", value=-1), "files[0].rows: should be at least 0, found -1"),
        (lambda content: content["files"].append(content["files"][0]), ": is there twice"),
        (put("rows", "splits", value=7), "rows: should be those of its files, table by table"),
        (put("values", "other", value="0" * 32), "values: should be of its tables alone"),
        (put("recipe", value={}), "recipe: cannot be read: "),
        (put("recipe", "written", "seeds", value="x"), "recipe: cannot be read: "),
        (put("software", "sim", value=""), "software.sim"),
    ],
)  # fmt: skip
def test_faults_of_a_manifest_are_said(
    tiny_pack: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    content = manifest_of(tiny_pack)
    change(content)
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    message = refusal_of(tmp_path)
    assert message.startswith(f"{tmp_path}/manifest.json: ")
    assert said in message


def test_what_is_no_pack_is_said(tiny_run: Path, tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "none") == f"{tmp_path}/none: no such folder"
    assert refusal_of(tmp_path) == f"{tmp_path}: holds no pack: manifest.json is missing"
    run = tiny_run / "out"
    assert refusal_of(run) == f"{run}: is a run, not a pack; `sim dataset` makes packs"
    assert not is_pack(Store.of(run))
    (tmp_path / "manifest.json").write_text("[]")
    assert refusal_of(tmp_path) == f"{tmp_path}/manifest.json: is not the manifest of a pack"
    (tmp_path / "manifest.json").write_text("[")
    assert refusal_of(tmp_path).startswith(f"{tmp_path}/manifest.json: is damaged: ")


def test_an_unfinished_pack_says_how_to_complete_it(before_features: Path) -> None:
    assert refusal_of(before_features) == (
        f"{before_features}: the pack is not finished; `sim dataset --resume {before_features}` "
        "completes it"
    )


def test_a_pack_is_no_run(tiny_pack: Path) -> None:
    with pytest.raises(InvalidInputError, match=r": is a pack, not a run$"):
        read_manifest_of_run(Store.of(tiny_pack))
    assert refused(sim("counts", str(tiny_pack))) == f"{tiny_pack}: is a pack, not a run\n"
    assert refused(sim("verify", "--rerun", str(tiny_pack))) == (
        f"{tiny_pack}: is a pack, not a run\n"
    )


@pytest.mark.parametrize("verb", ["verify", "audit", "counts", "check-run"])
def test_every_verb_says_that_a_pack_is_not_finished(verb: str, before_features: Path) -> None:
    assert refused(sim(verb, str(before_features))) == (
        f"{before_features}: is a pack that is not finished; `sim dataset --resume "
        f"{before_features}` completes it\n"
    )


def test_verify_tells_what_is_damaged(finished_pack: Path) -> None:
    files = len(manifest_of(finished_pack)["files"])
    said = sim("verify", str(finished_pack))
    assert (said.exit_code, said.stdout, said.stderr) == (
        0,
        f"{finished_pack}: {files} files are as the manifest says\n",
        "",
    )
    (finished_pack / "splits.parquet").unlink()
    (finished_pack / "README.md").write_text("mine")
    (finished_pack / "notes.txt").write_text("mine")
    lines = refused(sim("verify", str(finished_pack)), 3).splitlines()
    size = next(f["bytes"] for f in manifest_of(finished_pack)["files"] if f["path"] == "README.md")
    assert lines == [
        f"{finished_pack}/README.md: has 4 bytes, the manifest says {size:,}",
        f"{finished_pack}/splits.parquet: is missing",
        f"{finished_pack}/notes.txt: is not in the manifest",
    ]
