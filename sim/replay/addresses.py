"""Addresses of this machine alone, where a stream is read: loopback and Unix sockets."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from sim.documents.quantities import in_words
from sim.errors import InvalidInputError, SimError

_HOST_AND_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})")
_ALLOWED = "127.0.0.1:PORT, localhost:PORT, [::1]:PORT or unix:PATH"


class Address(NamedTuple):
    """An address of this machine.

    Attributes
    ----------
    family
        That of its sockets: `AF_INET`, `AF_INET6` or `AF_UNIX`.
    where
        As Python's sockets take it: a host and a port, or a path.
    """

    family: socket.AddressFamily
    where: tuple[str, int] | str

    def __str__(self) -> str:
        if isinstance(self.where, str):
            return f"unix:{self.where}"
        host, port = self.where
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(option: str, text: str) -> Address:
    """Return the address that a text names.

    Parameters
    ----------
    option
        Where the text stands, for the message: `--listen`.
    text
        `127.0.0.1:9000`, `localhost:9000`, `[::1]:9000` or `unix:PATH`.

    Raises
    ------
    InvalidInputError
        If it is no address, or one that other machines reach.
    """
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Address(socket.AF_UNIX, text.removeprefix("unix:"))
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or int(match[3]) > 65_535:
        raise InvalidInputError(f"{option}: should be {_ALLOWED}; found {in_words(text)}")

    host = match[1] or match[2]
    host = "127.0.0.1" if host == "localhost" else host
    with contextlib.suppress(ValueError):
        if (known := ip_address(host)).is_loopback:
            family = socket.AF_INET if known.version == 4 else socket.AF_INET6
            return Address(family, (host, int(match[3])))
    raise InvalidInputError(
        f"{option}: a run is streamed on this machine alone, to {_ALLOWED}; found {in_words(text)}"
    )


@contextlib.contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Wait at an address for one reader after the other; a path is taken away afterwards.

    Yields
    ------
    socket.socket
        Its `accept` gives the next reader.

    Raises
    ------
    SimError
        If the address is taken, or cannot be had.
    """
    with socket.socket(address.family, socket.SOCK_STREAM) as listener:
        if address.family != socket.AF_UNIX:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _saying("cannot listen at", address):
            listener.bind(address.where)
            listener.listen(1)
        try:
            yield listener
        finally:
            if isinstance(address.where, str):
                Path(address.where).unlink(missing_ok=True)


def address_of(listener: socket.socket, address: Address) -> Address:
    """Return where a listener waits: with the port that the system chose in place of 0."""
    return Address(
        address.family,
        address.where if address.family == socket.AF_UNIX else listener.getsockname()[:2],
    )


def connected(address: Address) -> socket.socket:
    """Return a connection to the reader that listens at an address.

    Raises
    ------
    SimError
        If none does.
    """
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        with _saying("cannot connect to", address):
            connection.connect(address.where)
    except BaseException:
        connection.close()
        raise
    return connection


def close(connection: socket.socket) -> None:
    """Tell the reader that this is the end, and leave what it has yet to read to the system.

    A connection that is closed while something of the reader lies there unread would be reset, and
    its last lines with it.
    """
    with connection, contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.setblocking(False)
        while connection.recv(65_536):
            """Nothing that a reader says matters."""


@contextlib.contextmanager
def _saying(what: str, address: Address) -> Iterator[None]:
    """Turn an error of the system into one that names the address."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SimError(f"{what} {address}: {reason}") from error
