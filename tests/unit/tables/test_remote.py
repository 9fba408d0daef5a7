"""Runs elsewhere than on a local disk: a real S3 API on loopback, and other file systems."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from pandas.testing import assert_frame_equal
from s3fs import S3FileSystem

import sim as package
from sim.engine.checkpoint import is_unfinished
from sim.engine.executors import process_pool
from sim.engine.progress import Progress
from sim.engine.run import resume, run
from sim.errors import InvalidInputError, SimError
from sim.tables import store as stores
from sim.tables.store import Store
from tests.support.commands import TINY, refused, sim
from tests.support.scenarios import digests

# the lowest s3fs hands on the server's words where later ones say "Forbidden"
REFUSED = (
    r"access was refused: (Forbidden|The AWS [^;]+); check the credentials and what they allow"
)


@dataclass(frozen=True)
class Server:
    """An S3 server, and what names it in the environment."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            # neither a file of the developer nor the machine shall know others
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
        }

    def reset(self) -> None:
        """Forget what the servers of other tests in this process were given."""
        import requests as http

        http.post(f"{self.url}/moto-api/reset", timeout=10)

    def trust(self, requests: float) -> None:
        """Let that many requests through before credentials count."""
        import requests as http

        http.post(f"{self.url}/moto-api/reset-auth", data=str(requests).encode(), timeout=10)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[Server]:
    """The server, named by the environment and nowhere else, with a bucket `bucket`."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    process = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    process.start()
    host, port = process.get_host_and_port()
    made = Server(f"http://{host}:{port}")
    made.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
            patch.delenv(name)
        for name, value in made.environment.items():
            patch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        S3FileSystem().mkdir("bucket")
        yield made
        S3FileSystem.clear_instance_cache()
    process.stop()


@pytest.fixture
def s3() -> Any:
    return S3FileSystem()


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """A place in the bucket for this test alone."""
    return "s3://bucket/" + re.sub(r"\W+", "-", request.node.name)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Changes the environment; file systems that were made before keep what they read of it."""
    S3FileSystem.clear_instance_cache()
    yield monkeypatch
    S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def remote(tiny_run: Path) -> str:
    """A run of `TINY` on S3."""
    place = "s3://bucket/made"
    result = sim("run", str(tiny_run / "tiny.yaml"), "-j", "1", "-o", place)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{place}: ")
    return place


def bytes_of(place: str) -> dict[str, str]:
    """SHA-256 of every file, as `digests` gives it for a folder."""
    store = Store.of(place)
    return {path: store.sha256(path) for path in store.files()}


def interrupted(place: Store | str, after: float, **options: Any) -> None:
    """Begin a run of `TINY` and press Ctrl-C when that share is done."""

    def press(progress: Progress) -> None:
        if progress.share >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny(), place, observe=press, **options)


def tiny(**changes: Any) -> package.Scenario:
    path = Path("tiny.yaml")
    path.write_text(TINY, encoding="utf-8")
    return package.load_scenario(path, **changes)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# S3, end to end


def test_a_run_on_s3_has_the_bytes_of_a_local_one(remote: str, tiny_run: Path) -> None:
    assert bytes_of(remote) == digests(tiny_run / "out")


def test_every_verb_reads_from_s3(remote: str, tiny_run: Path) -> None:
    local = str(tiny_run / "out")
    said = sim("verify", remote, "--rerun", "-j", "1").stdout
    assert (
        said == f"{remote}: 16 files are as the manifest says, and a rerun gives the same bytes\n"
    )
    compare = ("compare", "--only", "predictions", "--hypothesis", "benchmarking")
    for words in (("counts",), ("check-run",), (*compare, "--json")):
        there, here = sim(*words, remote), sim(*words, local)
        assert (there.exit_code, there.stderr) == (0, "")
        assert there.stdout.replace(remote, "RUN") == here.stdout.replace(local, "RUN")


def test_a_run_on_s3_is_opened_as_a_local_one(remote: str, tiny_run: Path) -> None:
    there, here = package.open_run(remote), package.open_run(tiny_run / "out")
    assert there.names == here.names
    assert_frame_equal(there.pandas(truth=True), here.pandas(truth=True))
    assert there.dataset().to_table().equals(here.dataset().to_table())
    query = """
        SELECT typology_id, count(*), sum(output_tokens)
        FROM exchanges JOIN truth_exchanges USING (exchange_id) GROUP BY ALL ORDER BY ALL
    """
    assert there.sql(query, truth=True).fetchall() == here.sql(query, truth=True).fetchall()


def test_a_place_that_holds_something_is_spared(bucket: str, s3: Any) -> None:
    name = bucket.removeprefix("s3://")
    s3.pipe(f"{name}/thesis.txt", b"precious")
    tiny()
    assert refused(sim("run", "tiny.yaml", "-j", "1", "-o", bucket)) == (
        f"{bucket}: folder is not empty; choose another, or replace a run with --force\n"
    )
    assert refused(sim("run", "tiny.yaml", "-j", "1", "-o", bucket, "--force")) == (
        f"{bucket}: holds no run of sim; --force replaces only a run\n"
    )
    assert s3.find(name) == [f"{name}/thesis.txt"]


@pytest.fixture(scope="module")
def worked() -> str:
    """A run of `worked_example` on S3, below an object that stands for a folder."""
    S3FileSystem().call_s3("put_object", Bucket="bucket", Key="worked/")
    assert Store.of("s3://bucket/worked").files() == []
    return str(run(package.load_scenario("worked_example"), "s3://bucket/worked").path)


def test_an_object_that_stands_for_a_folder_is_no_file(worked: str) -> None:
    assert sim("verify", worked).exit_code == 0


def test_a_damaged_run_is_mended(worked: str) -> None:
    store, part = Store.of(worked), "log/exchanges/part-00000.parquet"
    before = bytes_of(worked)
    store.remove(part)
    assert refused(sim("verify", worked), 3) == f"{worked}/{part}: is missing\n"
    assert sim("run", "--resume", worked, "-j", "1").exit_code == 0
    assert bytes_of(worked) == before


@pytest.mark.verify
def test_force_replaces_a_run(worked: str) -> None:
    before = bytes_of(worked)
    options = ("run", "worked_example", "-j", "1", "-o", worked, "--seed", "9")
    assert refused(sim(*options)).startswith(f"{worked}: folder is not empty")
    assert bytes_of(worked) == before
    assert sim(*options, "--force").exit_code == 0
    assert bytes_of(worked).keys() == before.keys()
    assert bytes_of(worked) != before
    assert sim("verify", worked).exit_code == 0


@pytest.mark.parametrize("share", [pytest.param(0.1, marks=pytest.mark.verify), 0.56])
def test_an_interrupted_run_is_completed_to_the_same_bytes(
    bucket: str, tiny_run: Path, share: float
) -> None:
    interrupted(bucket, after=share)
    assert is_unfinished(Store.of(bucket))
    said = f"{bucket}: the run is not finished; `sim run --resume {bucket}` completes it\n"
    assert refused(sim("counts", bucket)) == said
    resume(bucket)
    assert bytes_of(bucket) == digests(tiny_run / "out")


# Uploads


def pieces(s3: Any) -> list[Any]:
    """Uploads that were begun and not ended."""
    return list(s3.call_s3("list_multipart_uploads", Bucket="bucket").get("Uploads", []))


def test_a_large_file_is_there_when_it_is_whole(
    bucket: str, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_PIECE", 5 << 20)
    store = Store.of(bucket)
    with store.writing("rows") as file:
        for _ in range(6):
            file.write(bytes(1 << 20))
        assert len(pieces(s3)) == 1
        assert not store.is_file("rows")
    assert (store.size("rows"), store.sha256("rows")) == (6 << 20, file.sha256)
    assert pieces(s3) == []


def torn(store: Store, size: int) -> None:
    """Begin a file and press Ctrl-C."""
    with store.writing("torn") as file:
        file.write(bytes(size))
        raise KeyboardInterrupt


@pytest.mark.parametrize("size", [1, 6])
def test_a_file_that_failed_is_not_there(
    bucket: str, s3: Any, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(stores, "_PIECE", 5 << 20)
    store = Store.of(bucket)
    with pytest.raises(KeyboardInterrupt):
        torn(store, size << 20)
    assert (store.files(), pieces(s3)) == ([], [])


def test_ranges_are_read_whole_or_not_at_all(bucket: str, tmp_path: Path) -> None:
    for place in (bucket, str(tmp_path)):
        store = Store.of(place)
        store.write("a", b"0123")
        store.write("b", b"4567")
        into = bytearray(4)
        view = memoryview(into)
        store.read_into([("b", 2, view[2:]), ("a", 0, view[:2])])
        assert into == b"0167"
        with pytest.raises(SimError, match=f"^{place}/a: ends too early; "):
            store.read_into([("b", 0, view[:1]), ("a", 2, view[:3])])


def test_what_other_processes_write_is_seen(bucket: str, s3: Any) -> None:
    store, name = Store.of(bucket), bucket.removeprefix("s3://")
    store.write("a", b"1")
    assert store.files() == ["a"]
    other = type(s3)(skip_instance_cache=True)
    other.pipe(f"{name}/b", b"12")
    other.rm(f"{name}/a")
    assert (store.is_file("b"), store.is_file("a"), store.files()) == (True, False, ["b"])


# What goes wrong is said in one line


def test_a_missing_bucket() -> None:
    place = "s3://missing/run"
    for workers in ("1", "2"):
        assert refused(sim("run", "worked_example", "-j", workers, "-o", place)) == (
            f"{place}: The specified bucket does not exist; make it first, or give another place\n"
        )
    for verb in ("counts", "verify", "check-run"):
        assert refused(sim(verb, place)) == f"{place}: no such folder\n"


def test_wrong_credentials(remote: str, server: Server) -> None:
    server.trust(0)
    try:
        for verb in ("counts", "verify", "check-run"):
            assert re.fullmatch(f"{remote}: {REFUSED}\n", refused(sim(verb, remote), 1))
        for place in (remote, "s3://bucket/new"):
            result = sim("run", "worked_example", "-j", "1", "-o", place)
            assert re.fullmatch(f"{place}: {REFUSED}\n", refused(result, 1))
    finally:
        server.trust(float("inf"))


def test_no_credentials(remote: str, changed: pytest.MonkeyPatch) -> None:
    changed.delenv("AWS_ACCESS_KEY_ID")
    assert refused(sim("counts", remote), 1) == (
        f"{remote}: Unable to locate credentials; check address, credentials and network\n"
    )


def test_an_endpoint_that_is_none(remote: str, changed: pytest.MonkeyPatch) -> None:
    changed.setenv("AWS_ENDPOINT_URL", "nonsense")
    assert refused(sim("counts", remote), 1) == (
        f"{remote}: Invalid endpoint: nonsense; check address, credentials and network\n"
    )


def test_an_endpoint_of_s3_goes_before_the_general_one(
    remote: str, server: Server, changed: pytest.MonkeyPatch
) -> None:
    changed.setenv("AWS_ENDPOINT_URL", "nonsense")
    with changed.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        result = sim("verify", "-q", remote)
    assert (result.exit_code, result.output) == (0, "")
    S3FileSystem.clear_instance_cache()
    # fsspec reads the environment once a process, when it is imported
    changed.setenv("FSSPEC_S3_ENDPOINT_URL", server.url)
    changed.setattr(fsspec.config, "conf", {})
    fsspec.config.set_conf_env(fsspec.config.conf)
    assert Store.of(remote).is_file("manifest.json")


@pytest.mark.verify
def test_an_upload_that_fails_in_a_worker(bucket: str, server: Server, tiny_run: Path) -> None:
    """Errors of botocore cannot be sent between processes; what is made of them can."""
    with process_pool(2) as pool:
        workers = replace(pool, takes_part=False)
        server.trust(20)
        try:
            with pytest.raises(SimError) as caught:
                run(tiny(), bucket, workers=workers)
        finally:
            server.trust(float("inf"))
        assert type(caught.value.__cause__).__name__ == "_RemoteTraceback"
        assert str(caught.value).startswith(f"{bucket}: access was refused: ")
        resume(bucket, workers=workers)
    assert bytes_of(bucket) == digests(tiny_run / "out")


def test_an_unknown_protocol() -> None:
    assert refused(sim("run", "worked_example", "-o", "s4://bucket/run")) == (
        "s4://bucket/run: no run can lie on s4; give a folder, or a URL of s3, gs, abfs, sftp or "
        "memory, such as s3://bucket/run\n"
    )


def test_without_extras_runs_lie_on_local_disks() -> None:
    """What `pip install llm-traffic-sim` gives, without s3fs, duckdb, dask."""
    absent = ("s3fs", "duckdb", "dask", "distributed", "polars", "moto", "boto3")
    without = f"import sys; sys.modules |= dict.fromkeys({absent})"
    code = f"{without}; from sim.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", "worked_example", "-q", "-j", "1", "-o"]
    done = subprocess.run([*command, "here"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*command, "s3://bucket/run"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "s3://bucket/run: Install s3fs to access S3; "
        "`pip install 'llm-traffic-sim[s3]'` brings it\n",
    )


# Other file systems


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://runs/tiny"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def test_a_run_lies_in_memory(memory: str, tiny_run: Path) -> None:
    made = run(tiny(), memory)
    assert bytes_of(made.path) == digests(tiny_run / "out")
    there, here = package.open_run(memory), package.open_run(tiny_run / "out")
    assert there.dataset("truth/tasks").to_table().equals(here.dataset("truth/tasks").to_table())
    assert there.sql("FROM exchanges").df().equals(here.sql("FROM exchanges").df())
    interrupted("memory://runs/other", after=0.56)
    resume("memory://runs/other")
    assert bytes_of("memory://runs/other") == bytes_of(memory)


def test_memory_is_not_shared_with_workers(memory: str) -> None:
    with process_pool(2) as workers, pytest.raises(InvalidInputError) as caught:
        run(tiny(), memory, workers=workers)
    assert str(caught.value) == (
        f"{memory}: lies in the memory of one process; give it one worker, or another place"
    )
    assert Store.of(memory).files() == []


class Shelf(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A remote file system with folders that must be made, as those of SFTP and HDFS."""

    protocol = "shelf"

    @classmethod
    def _strip_protocol(cls, path: Any) -> str:
        return str(LocalFileSystem._strip_protocol(str(path).removeprefix("shelf://")))


def test_folders_are_made_where_there_are_folders(tmp_path: Path, tiny_run: Path) -> None:
    fsspec.register_implementation("shelf", Shelf, clobber=True)
    place = f"shelf://{tmp_path}/deep/run"
    interrupted(place, after=0.56)
    resume(place)
    assert bytes_of(place) == digests(tiny_run / "out")
    store = Store.of(place)
    with pytest.raises(KeyboardInterrupt):
        torn(store, 1)
    assert not store.is_file("torn")
