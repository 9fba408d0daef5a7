"""A pack as one file to pass on."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from sim.errors import InvalidInputError, SimError
from sim.packs.archive import write_archive
from sim.packs.build import build
from sim.packs.recipe import Recipe
from sim.tables.hashing_file import HashingFile
from tests.support.scenarios import digests


@pytest.mark.parametrize("name", ["pack.tar", "pack.tar.gz", "pack.tgz"])
def test_tar_unpacks_the_pack(tiny_pack: Path, tmp_path: Path, name: str) -> None:
    size = write_archive(tiny_pack, str(tmp_path / name))
    assert size == (tmp_path / name).stat().st_size
    subprocess.run(["tar", "-xf", name], cwd=tmp_path, check=True)
    assert digests(tmp_path / "tiny-pack") == digests(tiny_pack)
    names = subprocess.run(
        ["tar", "-tf", name], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    depths = [each.count("/") for each in names]
    assert "tiny-pack/README.md" in names[: depths.index(2)]
    assert depths.count(1) == depths.index(2)  # what explains the pack comes first


def test_an_archive_has_the_same_bytes_again(
    tiny_pack: Path, finished_pack: Path, tmp_path: Path
) -> None:
    for number, pack in enumerate((tiny_pack, finished_pack)):
        write_archive(pack, str(tmp_path / f"{number}.tar.gz"))
    made = [(tmp_path / f"{number}.tar.gz").read_bytes() for number in range(2)]
    assert made[0] == made[1]
    assert made[0][4:8] == bytes(4)  # where gzip keeps the time


def test_places_that_do_not_do_are_refused(finished_pack: Path) -> None:
    place = finished_pack.parent / "x.zip"
    said = f"{place}: is no name of an archive; let it end with .tar, .tar.gz, .tgz"
    with pytest.raises(InvalidInputError, match=f"^{said}$"):
        write_archive(finished_pack, str(place))
    inside = finished_pack / "log" / "x.tar"
    with pytest.raises(InvalidInputError, match="lies in the pack itself; choose another place"):
        write_archive(finished_pack, str(inside))
    (finished_pack.parent / "x.tar").mkdir()
    with pytest.raises(InvalidInputError, match="is a folder; give a file for the archive"):
        write_archive(finished_pack, str(finished_pack.parent / "x.tar"))


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_made(
    recipe: Recipe, tiny_pack: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("mine")
    for place, said in (
        (f"{tmp_path}/notes/a.tar", f"{tmp_path}/notes is a file, not a folder"),
        (
            f"{tiny_pack}/a.tar",
            f"lies in the pack {tiny_pack.name}, which holds nothing but what its manifest lists",
        ),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            build(recipe, tmp_path / "pack", archive=place)
        assert str(refusal.value) == f"{place}: {said}; choose another place"
        assert not (tmp_path / "pack").exists()


def test_a_damaged_pack_leaves_no_archive(finished_pack: Path) -> None:
    place = finished_pack.parent / "pack.tar"
    (finished_pack / "log/accounts.parquet").unlink()
    with pytest.raises(InvalidInputError) as refusal:
        write_archive(finished_pack, str(place))
    assert str(refusal.value) == (
        f"{finished_pack}/log/accounts.parquet: is missing; `sim verify` lists what is damaged"
    )
    (finished_pack / "log/accounts.parquet").write_bytes(b"1")
    with pytest.raises(InvalidInputError, match="has 1 bytes, the manifest says"):
        write_archive(finished_pack, str(place))
    assert not place.exists()


def test_a_full_disk_leaves_no_archive(
    tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HashingFile, "write", full)
    for name in ("pack.tar", "pack.tgz"):
        with pytest.raises(SimError, match="no space left on the device; the pack itself is whole"):
            write_archive(tiny_pack, str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []
