"""aiperf replays an export against a server on this machine; all arrives as it was stated."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokenizer import NAME

_SERVER = Path(__file__).parents[2] / "tools" / "llm_server.py"
# Few calls, minutes apart; the replay keeps their order and does not wait between them.
_SELECTION = ("--sessions", "12")


def test_aiperf_replays_mooncake_call_for_call(export, tmp_path):
    exported = export("mooncake", "few.jsonl", *_SELECTION)
    with _serving(tmp_path) as (url, arrived):
        _run(
            "aiperf",
            "profile",
            f"--url={url}",
            f"--input-file={exported.path}",
            "--custom-dataset-type=mooncake_trace",
            "--no-fixed-schedule",
            "--concurrency=4",
            f"--request-count={exported.records}",
            "--model=stand-in",
            "--endpoint-type=chat",
            "--streaming",
            f"--tokenizer={NAME}",
            "--ui=none",
            f"--output-artifact-dir={tmp_path / 'aiperf'}",
        )
    assert sorted(arrived) == sorted(_stated(exported.lines()))
    assert len(arrived) > 20


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Give the address of a server, and a list of the lengths that arrive, filled at the end."""
    requests = folder / "requests.jsonl"
    server = [sys.executable, str(_SERVER), "--port", "0", "--requests", str(requests)]
    arrived: list[tuple[int, int]] = []
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            yield serving.stdout.readline().split()[-1], arrived
        finally:
            serving.terminate()
    came = [json.loads(line) for line in requests.read_text().splitlines()]
    arrived += [(request["input_tokens"], request["output_tokens"]) for request in came]


def _run(tool: str, *words: str) -> None:
    """Run a tool of the environment; fail if it does."""
    command = [str(Path(sys.executable).with_name(tool)), *words]
    subprocess.run(command, check=True, timeout=900)


def _stated(lines: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return the lengths that a trace states."""
    return [(line["input_length"], line["output_length"]) for line in lines]
