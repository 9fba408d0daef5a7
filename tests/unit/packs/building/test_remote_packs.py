"""Packs elsewhere than on a local disk: a real S3 API on loopback, and the memory of a process."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from sim.engine.executors import process_pool
from sim.engine.progress import Progress
from sim.errors import InvalidInputError
from sim.packs.archive import write_archive
from sim.packs.build import build, resume
from sim.packs.build_log import LogBuilder
from sim.packs.pack import Pack
from sim.packs.recipe import Recipe
from sim.packs.whole import damaged_files
from sim.tables.remote_errors import PassingError
from sim.tables.store import Store
from tests.support.packs import Stop, stopping_at
from tests.support.scenarios import digests
from tests.unit.tables.test_remote import bytes_of
from tests.unit.tables.test_remote import server as server  # a fixture of this module too


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def put(folder: Path, place: str) -> Store:
    """Copy a pack, finished or not, to another place."""
    store = Store.of(place)
    for path in digests(folder):
        store.write(path, (folder / path).read_bytes())
    return store


def test_a_log_is_made_anywhere(tiny_pack: Path, recipe: Recipe) -> None:
    """It is stopped while it is merged, and goes on."""
    place = "memory://packs/one"

    def press(progress: Progress) -> None:
        if progress.doing == "merges" and progress.share > 0.5:
            raise Stop

    with pytest.MonkeyPatch.context() as patch:
        stopping_at(patch, "labels", Stop())
        for observe in (press, None):
            with pytest.raises(Stop):
                build(recipe, place, observe=observe, audit=False)
    wanted = {p: d for p, d in digests(tiny_pack).items() if p.startswith(("log/", "truth/exch"))}
    found = bytes_of(place)
    assert found.items() >= wanted.items()
    assert not [path for path in found if path.startswith(".unfinished/members/")]


@pytest.mark.verify
def test_a_pack_on_s3_has_the_bytes_of_a_local_one(
    tiny_pack: Path, before_features: Path, temporary: Path
) -> None:
    place = put(before_features, "s3://bucket/packs/one").url
    summary = resume(place, audit=False)
    assert summary.place == place
    assert "splits" not in summary.seconds
    assert bytes_of(place) == digests(tiny_pack)
    assert damaged_files(Store.of(place)) == []
    assert list(temporary.iterdir()) == []
    assert Pack(place).pandas("splits").equals(Pack(tiny_pack).pandas("splits"))


def test_what_is_damaged_there_is_made_again(tiny_pack: Path, temporary: Path) -> None:
    place = put(tiny_pack, "memory://packs/two")
    place.write("labels_observed/labels.parquet", b"other")
    resume(place, audit=False)
    assert bytes_of(place.url) == digests(tiny_pack)
    assert list(temporary.iterdir()) == []


def test_an_archive_may_lie_there_too(tiny_pack: Path, tmp_path: Path) -> None:
    write_archive(tiny_pack, "s3://bucket/packs.tar")
    write_archive(tiny_pack, str(tmp_path / "packs.tar"))
    assert Store.of("s3://bucket").read("packs.tar") == (tmp_path / "packs.tar").read_bytes()


def test_the_memory_of_one_process_is_no_place_for_several(recipe: Recipe) -> None:
    with process_pool(2) as workers, pytest.raises(InvalidInputError) as refusal:
        build(recipe, "memory://packs/three", workers=workers)
    assert str(refusal.value) == (
        "memory://packs/three: lies in the memory of one process; give it one worker, or another "
        "place"
    )


def test_a_server_that_fails_for_a_while_loses_nothing(
    before_features: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Store.of("s3://bucket/packs/two")
    for path in (".unfinished/pack.json", ".unfinished/steps/splits.json"):
        place.write(path, (before_features / path).read_bytes())

    def fails(_: object) -> None:
        raise PassingError(place.url, "the server failed again and again (HTTP 503)")

    monkeypatch.setattr(LogBuilder, "build", fails)
    with pytest.raises(PassingError) as failure:
        resume(place)
    assert str(failure.value) == (
        f"{place}: the server failed again and again (HTTP 503); what is finished is kept: try "
        f"again with `sim dataset --resume {place}`"
    )
