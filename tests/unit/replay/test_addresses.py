"""Where a stream may go: addresses of this machine alone, and who waits there."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from sim.errors import InvalidInputError, SimError
from sim.replay.addresses import Address, parse_address
from sim.replay.sockets import reader_at, reader_that_comes
from tests.support.processes import waited

ANY = Address(socket.AF_INET, ("127.0.0.1", 0))
WHICH = "127.0.0.1:PORT, localhost:PORT, [::1]:PORT or unix:PATH"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("127.9.9.9:0", "127.9.9.9:0"),
        ("localhost:65535", "127.0.0.1:65535"),
        ("LocalHost:1", "127.0.0.1:1"),
        ("[::1]:9000", "[::1]:9000"),
        ("unix:a b/socket", "unix:a b/socket"),
    ],
)
def test_addresses_of_this_machine(text: str, shown: str) -> None:
    assert str(parse_address("--listen", text)) == shown
    assert parse_address("--listen", None) is None


@pytest.mark.parametrize("text", ["", "9000", "127.0.0.1:", "127.0.0.1:65536", "::1:90", "unix:"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_address("--listen", text)
    assert str(caught.value) == f"--listen: should be {WHICH}; found text '{text}'"


@pytest.mark.parametrize("text", ["0.0.0.0:1", ":9000", "10.0.0.1:9", "example.org:80", "[::]:9"])
def test_other_machines_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_address("--connect", text)
    assert str(caught.value) == (
        f"--connect: a run is streamed on this machine alone, to {WHICH}; found text '{text}'"
    )


def received(address: Address) -> list[bytes]:
    """What a thread reads at an address until the end, once it has ended; it says something too."""
    got: list[bytes] = []

    def read() -> None:
        with socket.socket(address.family) as connection:
            connection.connect(address.where)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while data := connection.recv(1_000):
                got.append(data)

    threading.Thread(target=read, daemon=True).start()
    return got


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_a_reader_that_comes_gets_all_to_the_last_line(tmp_path: Path, family: str) -> None:
    place = tmp_path / "socket"
    address = ANY if family == "tcp" else Address(socket.AF_UNIX, str(place))
    got: list[list[bytes]] = []
    lines = [b"a line\n"] * 5_000

    with reader_that_comes(address, lambda where: got.append(received(where))) as reader:
        assert not place.exists()  # nobody else can come
        reader.write(lines)
    waited(lambda: sum(map(len, got[0])) == 7 * len(lines))
    assert (b"".join(got[0]), reader.lines) == (b"".join(lines), len(lines))


def test_a_reader_that_listens_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with reader_at(Address(socket.AF_INET, server.getsockname()[:2])) as reader:
            connection, _ = server.accept()
            reader.write([b"a\n", b"b\n"])
            assert connection.recv(10) == b"a\nb\n"
            monkeypatch.setattr("sim.replay.sockets.PATIENCE_S", 0.01)  # it stays
        with connection:
            assert connection.recv(10) == b""


def test_an_address_where_nobody_is_or_somebody_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = Address(socket.AF_INET, server.getsockname()[:2])
        message = (
            f"cannot listen at {taken}: Address already in use; give another address, or end what "
            "is there"
        )
        with pytest.raises(SimError) as caught, reader_that_comes(taken, print):
            pytest.fail("it listens")
        assert str(caught.value) == message
    with pytest.raises(SimError) as caught, reader_at(taken):
        pytest.fail("it is connected")
    assert str(caught.value) == (
        f"cannot connect to {taken}: Connection refused; start its reader first"
    )


def test_a_socket_never_replaces_a_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("kept")
    with (
        pytest.raises(SimError, match=f"cannot listen at unix:{place}: Address already in use"),
        reader_that_comes(Address(socket.AF_UNIX, str(place)), print),
    ):
        pytest.fail("it listens")
    assert place.read_text() == "kept"


def test_a_path_may_be_too_long_for_a_socket() -> None:
    long = Address(socket.AF_UNIX, "x" * 200)
    with pytest.raises(SimError, match=r"cannot connect to unix:x+: AF_UNIX path too long"):
        reader_at(long).__enter__()
