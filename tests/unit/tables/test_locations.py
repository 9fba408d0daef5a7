"""Where a run may lie: exact words for every place that is none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import sim as package
from sim.errors import InvalidInputError
from sim.tables.locations import KINDS, place_of
from sim.tables.store import Store
from tests.support.commands import refused, sim
from tests.support.scenarios import digests

GIVE = "give a folder, or a URL of s3, gs, abfs, sftp or memory, such as s3://bucket/run"
LONG = "x" * 300
NONE = [
    *(
        (url, f"{url}: no run can lie on {word}; {GIVE}")
        for word, url in (
            ("reference", "reference://x"),
            ("data", "data:text/plain,x"),
            ("data", "DATA:x"),
            ("ftp", "ftp://host/x"),
            ("zip", "zip://a.zip"),
            ("zip", "zip://a.zip::s3://bucket/run"),
            ("http", "http://host/x"),
            ("https", "https://host/x"),
            ("github", "github://user:name@branch/x"),
            ("simplecache", "simplecache::s3://bucket/run"),
            ("filecache", "filecache::file:///tmp/x"),
            ("dir", "dir://x"),
            ("hf", "hf:x"),
            ("s4", "s4://bucket/run"),
            ("a", "a::b"),
        )
    ),
    ("s3://b/x::y", f"s3://b/x::y: chains of URLs (::) are no place for a run; {GIVE}"),
    *(
        (
            f"{word}:/b/run",
            f"{word}:/b/run: {word.lower()} wants two slashes, {word.lower()}://...; for a folder "
            f"of that name give ./{word}:/b/run",
        )
        for word in ("s3", "S3", "sftp", "memory")
    ),
    *(
        (url, f"{url}: names no bucket, host or folder; {GIVE}")
        for url in ("s3://", "s3:///run", "sftp:///run", "memory://", "file://")
    ),
    ("", f"the place of the run is empty; {GIVE}"),
    *(
        (url, f"{url!a}: the place of a run has characters that cannot be printed; {GIVE}")
        for url in ("a\0b", "a\nb", "\x1b[31m", "\udcff")
    ),
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("url", "says"), NONE, ids=[ascii(url) for url, _ in NONE])
def test_a_place_that_is_none_is_one_clear_line(tmp_path: Path, url: str, says: str) -> None:
    assert refused(sim("run", "worked_example", "-o", url)) == f"{says}\n"
    for call in (package.open_run, package.counts, package.resume):
        with pytest.raises(InvalidInputError) as caught:
            call(url)
        assert str(caught.value) == says
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        *(("run", "--resume"), ("run", "worked_example", "-n", "-o"), ("verify", "--rerun")),
        *(("check-run",), ("counts",), ("compare",)),
    ],
)
def test_every_verb_refuses_it(words: tuple[str, ...]) -> None:
    assert refused(sim(*words, "ftp://h/x")) == f"ftp://h/x: no run can lie on ftp; {GIVE}\n"


@pytest.mark.parametrize("words", [("run", "worked_example", "-o"), ("counts",), ("verify",)])
def test_a_name_that_is_too_long(words: tuple[str, ...]) -> None:
    assert refused(sim(*words, LONG)) == (
        f"{LONG}: is too long a name for this file system; give a shorter one\n"
    )


def test_a_folder_that_must_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("{}")

    def forbidden(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "out")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.cat_file", forbidden)
    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.ls", forbidden)
    for words in (("run", "worked_example", "-o"), ("counts",), ("verify",)):
        assert refused(sim(*words, "out"), 1) == "out: Permission denied\n"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        *(("2026-02:first", "2026-02:first"), ("./data:x", "data:x"), ("file:here", "here")),
        *(("FILE:there", "there"), ("a/b::c", "a/b::c"), ("local://new", "new")),
    ],
)
def test_a_folder_may_have_a_name_like_these(tiny_run: Path, url: str, folder: str) -> None:
    assert sim("run", str(tiny_run / "tiny.yaml"), "-o", url).exit_code == 0
    assert digests(Path(folder)) == digests(tiny_run / "out")
    assert sim("verify", url).exit_code == 0


def test_a_protocol_is_read_in_any_case() -> None:
    place = place_of("S3://Bucket/Run")
    assert (place.url, place.protocol) == ("s3://Bucket/Run", "s3")
    assert place_of("Memory://x/y").url == "memory://x/y"


@pytest.mark.parametrize(
    ("url", "brings"),
    [
        ("gs://b/x", "gcsfs"),
        ("abfs://c/x", "adlfs"),
        ("az://c/x", "adlfs"),
        ("ssh://h/x", "paramiko"),
    ],
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, brings: str
) -> None:
    monkeypatch.setitem(sys.modules, brings, None)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.sftp", raising=False)
    said = refused(sim("counts", url))
    assert said.startswith(f"{url}: ")
    assert said.endswith(f"; `pip install {brings}` brings it\n")
    assert len(said.splitlines()) == 1


def test_a_user_s_own_retries_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place_of("s3://bucket/run").options == KINDS["s3"].options != {}
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    assert place_of("s3://bucket/run").options == {}


def test_empty_folders_are_removed_where_they_are_things_of_their_own() -> None:
    store = Store.of("memory://some/run")
    store.write("a/b", b"1")
    store.remove_empty("a")
    assert store.files() == ["a/b"]
    store.remove("a/b")
    store.remove_empty("a")
    store.remove_empty("none")
    assert store.names() == []
