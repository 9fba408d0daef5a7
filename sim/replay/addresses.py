"""Addresses of this machine alone, where a stream is read: loopback and Unix sockets."""

from __future__ import annotations

import contextlib
import re
import socket
from ipaddress import ip_address
from typing import NamedTuple

from sim.documents.quantities import in_words
from sim.errors import InvalidInputError

_HOST_AND_PORT = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})")
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


def parse_address(option: str, text: str | None) -> Address | None:
    """Return the address that a text names, None for no text.

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
    if text is None:
        return None
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Address(socket.AF_UNIX, text.removeprefix("unix:"))
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or int(match[3]) > 65_535:
        raise InvalidInputError(f"{option}: should be {_ALLOWED}; found {in_words(text)}")

    host = match[1] or match[2]
    host = "127.0.0.1" if host.lower() == "localhost" else host
    with contextlib.suppress(ValueError):
        if (known := ip_address(host)).is_loopback:
            family = socket.AF_INET if known.version == 4 else socket.AF_INET6
            return Address(family, (host, int(match[3])))
    raise InvalidInputError(
        f"{option}: a run is streamed on this machine alone, to {_ALLOWED}; found {in_words(text)}"
    )
