"""A remote store that fails: for a moment, for long, and in the middle of a run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from s3fs import S3FileSystem

from sim.tables.remote_errors import PassingError, in_one_line
from tests.support.commands import TINY, refused, sim
from tests.support.scenarios import digests
from tests.unit.tables.test_remote import bytes_of
from tests.unit.tables.test_remote import server as server

BODY = b"<Error><Code>%s</Code><Message>We encountered an error.</Message></Error>"
FAULTS = [("500 Internal Server Error", b"InternalError"), ("503 Slow Down", b"ServiceUnavailable")]


class Faulty:
    """An S3 API that fails a share of all requests, after it has answered some of them."""

    def __init__(self, answers: Callable[..., Iterable[bytes]]) -> None:
        self._answers, self._rng = answers, random.Random(13)
        self.share, self.after = 0.0, 0
        self.asked = self.failed = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked += 1
        if self.asked <= self.after or self._rng.random() >= self.share:
            return self._answers(environ, start)
        self.failed += 1
        status, code = self._rng.choice(FAULTS)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else BODY % code
        start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The same buckets by a server that can be told to fail; waiting takes no time."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    made = Faulty(DomainDispatcherApplication(create_backend_app))
    http = make_server("127.0.0.1", 0, made, threaded=True)
    Thread(target=http.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{http.port}")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    S3FileSystem.clear_instance_cache()
    yield made
    S3FileSystem.clear_instance_cache()
    http.shutdown()
    http.server_close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY, encoding="utf-8")


@pytest.mark.verify
def test_a_run_survives_a_server_that_fails_three_requests_in_ten(
    faulty: Faulty, tiny_run: Path
) -> None:
    faulty.share = 0.3
    result = sim("run", "tiny.yaml", "-o", "s3://bucket/thirty")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sim("verify", "s3://bucket/thirty").exit_code == 0
    assert 0.2 < faulty.failed / faulty.asked < 0.4
    assert bytes_of("s3://bucket/thirty") == digests(tiny_run / "out")


def test_a_server_that_fails_for_long_is_one_line_and_the_run_goes_on_later(
    faulty: Faulty, tiny_run: Path
) -> None:
    place = "s3://bucket/long"
    faulty.share, faulty.after = 1.0, 40
    said = refused(sim("run", "tiny.yaml", "-o", place), 1)
    faulty.share = 0.0
    assert said in [
        f"{place}: the server failed again and again (HTTP {status}); what is finished is kept: "
        f"try again with `sim run --resume {place}`\n"
        for status in (500, 503)
    ]
    assert sim("run", "--resume", place).exit_code == 0
    assert bytes_of(place) == digests(tiny_run / "out")


def test_a_server_that_fails_from_the_start_is_one_line(faulty: Faulty) -> None:
    faulty.share = 1.0
    for words in (("run", "tiny.yaml", "-o"), ("run", "--resume"), ("counts",), ("verify",)):
        said = refused(sim(*words, "s3://bucket/start"), 1)
        assert said in [
            f"s3://bucket/start: the server failed again and again (HTTP {n}); try again\n"
            for n in (500, 503)
        ]


def test_errors_of_any_library_are_one_line() -> None:
    class HttpError(Exception):
        code = 503

    one = OSError(-2, "Name or service\n not known")
    for error, said in (
        (one, "u: Name or service not known; check address, credentials and network"),
        (ValueError(), "u: ValueError; check address, credentials and network"),
        (HttpError("<html>\n..."), "u: the server failed again and again (HTTP 503); try again"),
        (
            PermissionError("no"),
            "u: access was refused: no; check the credentials and what they allow",
        ),
    ):
        assert str(in_one_line("u", error)) == said
    kept = PassingError("u", "it failed", "go on")
    again: Any = kept.__reduce__()
    assert str(again[0](*again[1])) == "u: it failed; go on"
