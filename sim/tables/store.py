"""Where a run lies: a folder on this machine or on a remote file system."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import posixpath
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sim.documents.printable import printable
from sim.documents.strict_json import MOST_BYTES, parse_json
from sim.errors import InvalidInputError, SimError
from sim.tables.hashing_file import Crc32, Digest, HashingFile
from sim.tables.local_files import files_below, leads_out, wrong_with
from sim.tables.locations import Place, place_of
from sim.tables.remote_errors import in_one_line, missing_place

_CHUNK = 1 << 20
# What waits of a file before a piece of it is uploaded. S3 takes 5 MiB at least, 10,000 pieces.
_PIECE = 16 << 20
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")


def final_name(path: str) -> str:
    """Return the name that a file gets when it is whole; its own, unless it is being written.

    The name of a file that is being written begins with a point and ends with eight random
    hexadecimal digits and `.tmp`.
    """
    folder, slash, name = path.rpartition("/")
    return folder + slash + _TEMPORARY.sub(r"\1", name)


@dataclass(frozen=True)
class Store:
    """A folder on this machine or elsewhere, named by `url`: a path, or `s3://bucket/run`.

    Files are named relative to it, with `/` between their parts. A file appears under its name
    when it is whole: on a local disk it is renamed, elsewhere an object is there when its upload
    has ended. What a remote file system raises, each kind in its own way, becomes a SimError with
    one line, but for FileNotFoundError.
    """

    url: str

    @classmethod
    def of(cls, place: Store | Path | str) -> Store:
        """Return the store at a path or URL; a store is returned as it is.

        Raises
        ------
        InvalidInputError
            If no run may lie there, or if the package is not installed that the file system needs.
        SimError
            If it cannot be reached.
        """
        store = place if isinstance(place, Store) else cls(place_of(str(place)).url)
        _ = store.filesystem  # what is not installed, or not reached, is said now
        return store

    def __str__(self) -> str:
        """Return its place as messages show it."""
        return printable(self.url)

    @cached_property
    def _place(self) -> Place:
        """The place that the URL names."""
        return place_of(self.url)

    @cached_property
    def _fs_and_root(self) -> tuple[Any, str]:
        """The fsspec file system, and the name of this folder on it."""
        import fsspec

        if self.is_local:
            fs = fsspec.filesystem("file")
            return fs, fs._strip_protocol(self.url)
        try:
            with self._remote_errors():
                return fsspec.core.url_to_fs(self.url, **self._place.options)  # type: ignore[no-any-return]
        except FileNotFoundError as error:
            raise missing_place(self.url, error) from error

    @property
    def filesystem(self) -> Any:
        """The fsspec file system, for libraries that read from one."""
        return self._fs_and_root[0]

    @property
    def _fresh(self) -> Any:
        """The file system without what it remembers of listings: other processes write too."""
        self.filesystem.invalidate_cache()
        return self.filesystem

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self._place.is_local

    @property
    def is_shared(self) -> bool:
        """Whether other processes find there what this one writes."""
        return self._place.protocol != "memory"

    @cached_property
    def folder(self) -> Path:
        """The local folder; only where `is_local`."""
        if not self.is_local:
            raise TypeError(f"{self.url}: is no folder of this machine")
        return Path(self._fs_and_root[1])

    def name(self, path: str = "") -> str:
        """Return the full name of a file, as messages show it."""
        return printable(posixpath.join(self.url, path) if path else self.url)

    def full(self, path: str = "") -> str:
        """Return the name of a file on `filesystem`."""
        root = self._fs_and_root[1]
        return posixpath.join(root, path) if path else root

    def below(self, path: str) -> Store:
        """Return the store of a folder of this one."""
        return Store(posixpath.join(self.url, path))

    @contextlib.contextmanager
    def _remote_errors(self) -> Iterator[None]:
        """Turn what a file system raises, each kind in its own way, into a SimError of one line."""
        try:
            yield
        except (FileNotFoundError, SimError):
            raise
        # a package that the protocol needs is not installed
        except ImportError as error:
            brought = self._place.kind.brought_by
            remedy = f"; `pip install {brought}` brings it" if brought else ""
            raise InvalidInputError(f"{self.url}: {error}{remedy}") from error
        except Exception as error:
            if self.is_local and getattr(error, "errno", None) == errno.ENAMETOOLONG:
                raise InvalidInputError(
                    f"{self.url}: is too long a name for this file system; give a shorter one"
                ) from error
            if self.is_local:
                raise
            raise in_one_line(self.url, error) from error

    # --- what is there

    def _info(self, path: str) -> dict[str, Any]:
        """Return what the file system says of a name; the type `nothing` if nothing is there."""
        # isfile and its like take every error, a refusal too, for an absence
        with self._remote_errors(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return dict(self._fresh.info(self.full(path)))
        return {"type": "nothing"}

    def is_file(self, path: str) -> bool:
        """Whether a file of this name is there."""
        return bool(self._info(path)["type"] == "file")

    def is_folder(self, path: str = "") -> bool:
        """Whether a folder of this name is there; by default this one."""
        return bool(self._info(path)["type"] == "directory")

    def size(self, path: str) -> int:
        """Return the bytes of a file; raise FileNotFoundError if there is none."""
        with self._remote_errors():
            return int(self._fresh.size(self.full(path)))

    def names(self) -> list[str]:
        """Return what lies in the folder itself, files and folders, in order.

        Empty if the folder is not there.
        """
        if not self.is_folder():
            return []
        start = len(self.full().rstrip("/"))
        with self._remote_errors(), contextlib.suppress(FileNotFoundError):
            paths = self._fresh.ls(self.full(), detail=False)
            # an empty object may stand for the folder itself
            return sorted({str(path)[start:].strip("/") for path in paths} - {""})
        return []

    def files(self, below: str = "") -> list[str]:
        """Return all files below a folder, hidden ones too, in order of their names.

        Parameters
        ----------
        below
            A folder of this store; by default the whole store.

        Returns
        -------
        list of str
            Relative to the store, not to `below`. Empty if there is no such folder, or if links
            lead out of this one there.
        """
        if not self.is_folder(below) or (self.is_local and leads_out(self.folder, below)):
            return []
        start = self.full().rstrip("/")
        with self._remote_errors():
            everything = (
                files_below(self.folder / below)
                if self.is_local
                else self._fresh.find(self.full(below))
            )
        paths = [str(path)[len(start) :] for path in everything]
        # an empty object may stand for a folder; its name ends as that of a folder does
        return sorted(path.lstrip("/") for path in paths if path.strip("/") and path[-1] != "/")

    # --- reading

    def wrong_with(self, path: str) -> str | None:
        """Say what is there in place of a file; None for a file, and for nothing."""
        if not self.is_local:
            return None
        with self._remote_errors():
            return wrong_with(self.folder, path)

    def _expect_file(self, path: str) -> None:
        if wrong := self.wrong_with(path):
            raise InvalidInputError(f"{self.name(path)}: {wrong}")

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; raise FileNotFoundError if there is none."""
        self._expect_file(path)
        with self._remote_errors():
            return bytes(self.filesystem.cat_file(self.full(path)))

    def read_json(self, path: str) -> Any:
        """Return the values of a file of JSON.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        InvalidInputError
            If something else than a file has its name in a local folder.
        ValueError
            If it is too large, or no JSON; says what is wrong with it.
        """
        self._expect_file(path)
        if (size := self.size(path)) > MOST_BYTES:
            raise ValueError(f"has {size:,} bytes, more than {MOST_BYTES:,}")
        return parse_json(self.read(path))

    @contextlib.contextmanager
    def reading(self, path: str) -> Iterator[Any]:
        """Open a file to read from any place in it; raise InvalidInputError for what is no file."""
        self._expect_file(path)
        with self._remote_errors():
            file = self._fresh.open(self.full(path), "rb")
        with file:
            yield file

    def read_into(self, spans: Sequence[tuple[str, int, memoryview]]) -> None:
        """Fill buffers with bytes of files; of a remote place many at a time.

        Parameters
        ----------
        spans
            Of each buffer the file, the offset in bytes from which it is read, and the buffer
            itself.

        Raises
        ------
        SimError
            If a file ends before its buffer is full.
        """
        if self.is_local:
            # each file is opened once
            for path, of_file in groupby(sorted(spans, key=itemgetter(0)), itemgetter(0)):
                with (self.folder / path).open("rb", buffering=0) as file:
                    for _, offset, buffer in of_file:
                        file.seek(offset)
                        self._expect(path, buffer, file.readinto(buffer))
            return

        names = [self.full(path) for path, _, _ in spans]
        starts = [offset for _, offset, _ in spans]
        ends = [offset + len(buffer) for _, offset, buffer in spans]
        with self._remote_errors():
            pieces = self.filesystem.cat_ranges(names, starts, ends, on_error="raise")
        for (path, _, buffer), data in zip(spans, pieces, strict=True):
            self._expect(path, buffer, len(data))
            buffer[:] = data

    def _expect(self, path: str, buffer: memoryview, read: int | None) -> None:
        """Raise SimError unless as many bytes were read as the buffer holds."""
        if read != len(buffer):
            raise SimError(f"{self.name(path)}: ends too early; something else has changed it")

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file in hexadecimal digits."""
        return self._digest_of(path, hashlib.sha256())

    def crc32(self, path: str) -> str:
        """Return the CRC-32 of a file in hexadecimal digits."""
        return self._digest_of(path, Crc32())

    def _digest_of(self, path: str, digest: Digest) -> str:
        with self.reading(path) as file, self._remote_errors():
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    # --- writing

    @contextlib.contextmanager
    def writing(self, path: str, digest: Digest | None = None) -> Iterator[HashingFile]:
        """Open a file to write, which gets its name at the end, and is dropped on an error.

        A file of the same name is replaced at that moment and not before; its folders are made. Two
        processes may write the same file: the one that ends last wins.

        Parameters
        ----------
        path
            Its name, relative to the store.
        digest
            Takes the bytes too; SHA-256 if left out.

        Yields
        ------
        HashingFile
            Takes the bytes; its hash can be had after the block.

        Raises
        ------
        InvalidInputError
            If links lead out of the folder of the run.
        """
        writing = self._writing_here if self.is_local else self._uploading
        with writing(path) as raw:
            file = HashingFile(raw, digest)
            try:
                yield file
            finally:
                file.end()

    @contextlib.contextmanager
    def _writing_here(self, path: str) -> Iterator[Any]:
        """Write a local file under a name of its own, then rename it, which happens all at once."""
        self._expect_inside(path)
        final = self.folder / path
        # a name of its own: what a lost session left running may still write the same file
        temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.tmp")
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as raw:
                yield raw
            temporary.replace(final)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _uploading(self, path: str) -> Iterator[_Upload]:
        """Write a remote file in pieces; it is there when the last one is uploaded."""
        with self._remote_errors():
            remote = self._opened(path)
        try:
            yield _Upload(self, remote)
            with self._uploads():
                remote.close()
        except BaseException:
            self._drop(path, remote)
            raise

    def _opened(self, path: str) -> Any:
        """Open a remote file to write, and make the folders above it only if that fails."""
        fs, full = self.filesystem, self.full(path)
        try:
            return fs.open(full, "wb", block_size=_PIECE)
        except FileNotFoundError:  # it has folders; asked for one, an object store makes a bucket
            fs.makedirs(posixpath.dirname(full), exist_ok=True)
            return fs.open(full, "wb", block_size=_PIECE)

    @contextlib.contextmanager
    def _uploads(self) -> Iterator[None]:
        """Turn the errors of an upload into SimErrors, a place that is missing too."""
        try:
            with self._remote_errors():
                yield
        except FileNotFoundError as error:
            raise missing_place(self.url, error) from error

    def _drop(self, path: str, remote: Any) -> None:
        """Break off an upload, and raise nothing: the error that led here is raised anyway."""
        with contextlib.suppress(Exception):
            remote.discard()
        # one that is merely forgotten would upload itself when it is collected
        with contextlib.suppress(Exception):
            remote.closed = True
        with contextlib.suppress(Exception):
            remote.close()
            self.filesystem.rm_file(self.full(path))

    def _expect_inside(self, path: str) -> None:
        """Refuse to write or to remove where links lead out of the folder."""
        if self.is_local and leads_out(self.folder, posixpath.dirname(path)):
            raise InvalidInputError(f"{self.name(path)}: leads out of the folder of the run")

    def write(self, path: str, data: bytes) -> None:
        """Write a file of these bytes."""
        with self.writing(path) as file:
            file.write(data)

    def write_json(self, path: str, content: Any) -> None:
        """Write a file of JSON."""
        self.write(path, (json.dumps(content, indent=1) + "\n").encode())

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        self._expect_inside(path)
        with self._remote_errors(), contextlib.suppress(FileNotFoundError):
            self.filesystem.rm_file(self.full(path))

    def remove_temporary(self) -> None:
        """Remove what was being written when a process ended.

        What another process is writing at this moment is removed too: call it only where this one
        works alone.
        """
        for path in self.files():
            if final_name(path) != path:
                self.remove(path)

    def remove_empty(self, folder: str) -> None:
        """Remove a folder that holds nothing, where folders are things of their own."""
        if self._place.kind.has_folders and self.is_folder(folder):
            with self._remote_errors(), contextlib.suppress(OSError):
                self.filesystem.rmdir(self.full(folder))


@dataclass(frozen=True)
class _Upload:
    """A remote file whose writes raise what `Store` promises."""

    store: Store
    file: Any

    def write(self, data: Any) -> None:
        with self.store._uploads():
            self.file.write(data)
