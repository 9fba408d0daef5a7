"""aiperf replays an export against a server on this machine; all of it arrives as it was stated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tokenizer import NAME

_SERVER = Path(__file__).parents[2] / "tools" / "llm_server.py"
# Few calls, minutes apart; the replay keeps their order and does not wait between them.
_SELECTION = ("--sessions", "12")


def test_mooncake_is_replayed_call_for_call(export, tmp_path):
    exported = export("mooncake", "few.jsonl", *_SELECTION)
    requests = tmp_path / "requests.jsonl"
    server = [sys.executable, str(_SERVER), "--port", "0", "--requests", str(requests)]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        _replay(exported.path, url, tmp_path)
        serving.terminate()

    arrived = [json.loads(line) for line in requests.read_text().splitlines()]
    assert len(arrived) == exported.records > 20
    stated = [(line["input_length"], line["output_length"]) for line in exported.lines()]
    came = [(request["input_tokens"], request["output_tokens"]) for request in arrived]
    assert sorted(came) == sorted(stated)


def _replay(trace: Path, url: str, folder: Path) -> None:
    """Have aiperf send each line of a trace, four at a time, whatever its time."""
    options = {
        "--model": "stand-in",
        "--url": url,
        "--endpoint-type": "chat",
        "--tokenizer": NAME,
        "--input-file": str(trace),
        "--custom-dataset-type": "mooncake_trace",
        "--concurrency": "4",
        "--request-count": str(len(trace.read_text().splitlines())),
        "--ui": "none",
        "--output-artifact-dir": str(folder / "aiperf"),
    }
    command = [str(Path(sys.executable).with_name("aiperf")), "profile"]
    words = [word for option in options.items() for word in option]
    subprocess.run(
        [*command, *words, "--streaming", "--no-fixed-schedule"], check=True, timeout=600
    )
