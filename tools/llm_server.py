"""A stand-in for a server of language models on this machine, to replay traces against.

It speaks as much of OpenAI's interface as load generators need: chat completions, streamed or
whole, and the list of models. It knows no model: an answer has as many tokens as were allowed,
and a token is a character. What it is for is to count what arrives.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

MODEL = "stand-in"
# Tokens of an answer where the request sets no limit.
TOKENS = 16


class LlmServer(ThreadingHTTPServer):
    """The server; it keeps a record of each request for an answer.

    Parameters
    ----------
    port
        Where it listens on 127.0.0.1; 0 takes a free one.
    token_s
        Seconds for a token of an answer.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int = 0, token_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token_s = token_s
        self.requests: list[dict[str, Any]] = []
        self._lock = Lock()

    @property
    def url(self) -> str:
        """Where it is to be reached."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def note(self, asked: dict[str, Any]) -> None:
        """Keep what a request asked for, and when it arrived in seconds of Unix time."""
        with self._lock:
            self.requests.append(
                {
                    "at_s": time.time(),
                    "messages": len(asked.get("messages", [])),
                    "input_tokens": _input_tokens(asked),
                    "output_tokens": _output_tokens(asked),
                }
            )


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of a connection."""

    protocol_version = "HTTP/1.1"
    server: LlmServer

    def do_GET(self) -> None:
        """Answer which models there are, whatever is asked."""
        self._send({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        """Answer a chat."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._send({"error": {"message": f"{self.path} is not served"}}, 404)
            return
        self.server.note(asked)
        if asked.get("stream"):
            self._stream(asked)
            return
        time.sleep(self.server.token_s * _output_tokens(asked))
        message = {"role": "assistant", "content": "x" * _output_tokens(asked)}
        self._send(_answer(asked, "chat.completion", message=message) | _usage(asked))

    def _send(self, body: dict[str, Any], status: int = 200) -> None:
        """Send an object of JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, asked: dict[str, Any]) -> None:
        """Send an answer token by token, as events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in _events(asked):
            time.sleep(self.server.token_s)
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _input_tokens(asked: dict[str, Any]) -> int:
    """Return how many characters the messages of a request have."""
    return sum(len(_text(message.get("content"))) for message in asked.get("messages", []))


def _text(content: Any) -> str:
    """Return the text of a message, which is a text or a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content or ""


def _output_tokens(asked: dict[str, Any]) -> int:
    """Return how many tokens an answer has."""
    return int(asked.get("max_completion_tokens") or asked.get("max_tokens") or TOKENS)


def _answer(asked: dict[str, Any], kind: str, **choice: Any) -> dict[str, Any]:
    """Return an answer, or a piece of one."""
    finished = None if choice.get("delta") else "stop"
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": int(time.time()),
        "model": asked.get("model", MODEL),
        "choices": [{"index": 0, "finish_reason": finished, **choice}],
    }


def _usage(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the tokens of a request."""
    tokens_in, tokens_out = _input_tokens(asked), _output_tokens(asked)
    return {
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
    }


def _events(asked: dict[str, Any]) -> Iterator[str]:
    """Yield the events of an answer that is streamed."""
    kind = "chat.completion.chunk"
    for number in range(_output_tokens(asked)):
        delta = {"content": "x"} | ({"role": "assistant"} if number == 0 else {})
        yield json.dumps(_answer(asked, kind, delta=delta))
    yield json.dumps(_answer(asked, kind, delta={}))
    yield json.dumps(_answer(asked, kind) | {"choices": []} | _usage(asked))
    yield "[DONE]"


def main() -> None:
    """Serve until it is interrupted; then say how many requests there were."""
    parser = argparse.ArgumentParser(description="Stand in for a server of language models.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--token-s", type=float, default=0.0, help="seconds for a token")
    parser.add_argument("--requests", type=Path, help="JSON lines of the requests, at the end")
    options = parser.parse_args()

    with LlmServer(options.port, options.token_s) as server:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(f"listens at {server.url}", flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
        if options.requests is not None:
            lines = [json.dumps(request) + "\n" for request in server.requests]
            options.requests.write_text("".join(lines))
        print(f"{len(server.requests):,} requests", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
