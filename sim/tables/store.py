"""Where a run lies: a folder on any file system that fsspec knows, local or remote."""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from sim.errors import InvalidInputError

_CHUNK = 1 << 20
_LOCAL = ("file", "local")


class Sink(Protocol):
    """What tables are written into."""

    def write(self, data: Any) -> int: ...


@dataclass(frozen=True)
class Store:
    """A folder, named by `url`: a path, or a URL such as `s3://bucket/run`.

    Files are named relative to it, with `/` between their parts. A file appears under its name
    when it is whole: on a local disk it is renamed, elsewhere an object is there when its upload
    has ended.
    """

    url: str

    @classmethod
    def of(cls, place: Store | Path | str) -> Store:
        """The store at a path or URL; InvalidInputError if its protocol is not to be had."""
        store = place if isinstance(place, Store) else cls(str(place))
        _ = store._fs  # a protocol that is unknown or not installed is said now
        return store

    def __str__(self) -> str:
        return self.url

    @cached_property
    def _fs_and_root(self) -> tuple[Any, str]:
        import fsspec

        try:
            fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            message = f"{self.url}: {error}; `pip install 'sim[s3]'` brings what s3:// needs"
            raise InvalidInputError(message) from error
        except ValueError as error:
            raise InvalidInputError(f"{self.url}: is no path and no URL: {error}") from error
        return fs, root

    @property
    def _fs(self) -> Any:
        return self._fs_and_root[0]

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        protocol = self._fs.protocol
        return bool(
            {protocol} & set(_LOCAL) if isinstance(protocol, str) else set(protocol) & set(_LOCAL)
        )

    @cached_property
    def folder(self) -> Path:
        """The local folder; only where `is_local`."""
        assert self.is_local, self.url
        return Path(self._fs_and_root[1])

    def name(self, path: str = "") -> str:
        """A file's full name, as messages show it."""
        return posixpath.join(self.url, path) if path else self.url

    def _full(self, path: str) -> str:
        root = self._fs_and_root[1]
        return posixpath.join(root, path) if path else root

    @property
    def filesystem(self) -> Any:
        """The fsspec file system, for libraries that read from one."""
        return self._fs

    def full(self, path: str = "") -> str:
        """A file's name on `filesystem`."""
        return self._full(path)

    def below(self, path: str) -> Store:
        """The store of a folder of this one."""
        return Store(posixpath.join(self.url, path))

    # --- what is there

    def is_file(self, path: str) -> bool:
        return bool(self._fs.isfile(self._full(path)))

    def is_folder(self) -> bool:
        return bool(self._fs.isdir(self._full("")))

    def is_there(self) -> bool:
        return bool(self._fs.exists(self._full("")))

    def size(self, path: str) -> int:
        return int(self._fs.size(self._full(path)))

    def files(self, below: str = "") -> list[str]:
        """All files, hidden ones too, in order of their names."""
        self._fs.invalidate_cache()
        root = self._full(below)
        if not self._fs.isdir(root):
            return []
        start = self._full("").rstrip("/")
        return sorted(str(found)[len(start) :].lstrip("/") for found in self._fs.find(root))

    # --- reading

    def read(self, path: str) -> bytes:
        return bytes(self._fs.cat_file(self._full(path)))

    def read_json(self, path: str) -> Any:
        return json.loads(self.read(path))

    @contextlib.contextmanager
    def reading(self, path: str) -> Iterator[Any]:
        """A file to read, from any place in it."""
        with self._fs.open(self._full(path), "rb") as file:
            yield file

    def read_into(self, path: str, spans: Sequence[tuple[int, memoryview]]) -> None:
        """Fill each buffer with the bytes of a file from an offset on."""
        if self.is_local:
            with (self.folder / path).open("rb", buffering=0) as file:
                for offset, buffer in spans:
                    file.seek(offset)
                    if file.readinto(buffer) != len(buffer):
                        raise EOFError(f"{self.name(path)}: ends too early")
            return
        starts = [offset for offset, _ in spans]
        ends = [offset + len(buffer) for offset, buffer in spans]
        found = self._fs.cat_ranges([self._full(path)] * len(spans), starts, ends)
        for (_, buffer), data in zip(spans, found, strict=True):
            if len(data) != len(buffer):
                raise EOFError(f"{self.name(path)}: ends too early")
            buffer[:] = data

    def sha256(self, path: str) -> str:
        digest = hashlib.sha256()
        with self._fs.open(self._full(path), "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    # --- writing

    @contextlib.contextmanager
    def writing(self, path: str) -> Iterator[HashingFile]:
        """A file to write; it gets its name when the block ends, and is dropped on an error."""
        if self.is_local:
            final = self.folder / path
            temporary = final.with_name(f".{final.name.lstrip('.')}.tmp")
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as raw:
                    yield HashingFile(raw)
                temporary.replace(final)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            return
        remote = self._fs.open(self._full(path), "wb")
        try:
            yield HashingFile(remote)
        except BaseException:
            with contextlib.suppress(Exception):
                remote.discard()
            raise
        remote.close()

    def write(self, path: str, data: bytes) -> None:
        with self.writing(path) as file:
            file.write(data)

    def write_json(self, path: str, content: Any) -> None:
        self.write(path, (json.dumps(content, indent=1) + "\n").encode())

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._full(path))

    def remove_all(self, below: str = "") -> None:
        """Remove a folder with all that it holds, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(self._full(below), recursive=True)


class HashingFile:
    """A binary file that knows the SHA-256 and the number of the bytes written to it."""

    def __init__(self, raw: Any) -> None:
        self._raw, self._digest = raw, hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._raw.write(view)
        self.bytes += len(view)
        return len(view)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        """Nothing waits here; what holds the file open flushes it."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Leave the closing to whoever opened the file."""

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
