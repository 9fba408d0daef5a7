"""Where a run may lie: a folder of this machine, or a URL of a few kinds of file systems."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from sim.errors import InvalidInputError

LOCAL = ("file", "local")
# Nine more attempts, half a second to twenty seconds apart, outlast an S3 API of which three
# requests in ten fail; the four that are usual do not.
_RETRIES = {"config_kwargs": {"retries": {"mode": "standard", "max_attempts": 10}}}
_OWN_RETRIES = ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "FSSPEC_S3_CONFIG_KWARGS")
ALLOWED = "give a folder, or a URL of s3, gs, abfs, sftp or memory, such as s3://bucket/run"


@dataclass(frozen=True)
class Kind:
    """A kind of file system.

    Attributes
    ----------
    brought_by
        What `pip install` is given for it; empty if nothing more is needed.
    has_folders
        Whether its folders are things of their own, that are made and removed. Object stores have
        none.
    options
        Keyword arguments for fsspec.
    """

    brought_by: str = ""
    has_folders: bool = True
    options: dict[str, Any] = field(default_factory=dict)


_S3 = Kind("'llm-traffic-sim[s3]'", has_folders=False, options=_RETRIES)
_GS = Kind("gcsfs", has_folders=False)
_ABFS = Kind("adlfs", has_folders=False)
_SFTP = Kind("paramiko")

KINDS = {
    **dict.fromkeys(LOCAL, Kind()),
    **dict.fromkeys(("s3", "s3a"), _S3),
    **dict.fromkeys(("gs", "gcs"), _GS),
    **dict.fromkeys(("abfs", "abfss", "az"), _ABFS),
    **dict.fromkeys(("sftp", "ssh"), _SFTP),
    "memory": Kind(),
}


@dataclass(frozen=True)
class Place:
    """A place for a run: its `url` with the `protocol` in lower case, "file" for a path."""

    url: str
    protocol: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.protocol in LOCAL

    @property
    def kind(self) -> Kind:
        """The kind of its file system."""
        return KINDS.get(self.protocol, Kind())

    @property
    def options(self) -> dict[str, Any]:
        """Options for fsspec, but for those that the user has set otherwise."""
        is_set = self.kind is _S3 and any(name in os.environ for name in _OWN_RETRIES)
        return {} if is_set else self.kind.options


def place_of(url: str) -> Place:
    """Return the place that a path or a URL names.

    Whether something lies there, and whether it can be reached, is not asked.

    Parameters
    ----------
    url
        A path, or a URL. What merely looks like one, such as `2026-02:first`, is a path.

    Returns
    -------
    Place
        The protocol in small letters, the rest as it was given.

    Raises
    ------
    InvalidInputError
        If no run may lie there; the message says what is allowed.
    """
    if not url:
        raise InvalidInputError(f"the place of the run is empty; {ALLOWED}")
    if not url.isprintable():
        raise InvalidInputError(
            f"{url!a}: the place of a run has characters that cannot be printed; {ALLOWED}"
        )
    word, colon, rest = url.partition(":")
    word = word.lower()
    if not colon or "/" in word or not _is_protocol(word, rest):
        return Place(url, "file")
    if word in LOCAL and rest not in ("", "//"):
        return Place(f"{word}:{rest}", word)
    return Place(_checked(url, word, rest), word)


def _is_protocol(word: str, rest: str) -> bool:
    """Whether `word:rest` is meant as a URL; `2026-02:first` is a folder."""
    import fsspec

    return rest.startswith(("//", ":")) or word in KINDS or word in fsspec.available_protocols()


def _checked(url: str, word: str, rest: str) -> str:
    """Return the URL with its protocol in small letters; refuse one that names no place.

    It refuses protocols that no run can lie on, a URL without its two slashes, chains of fsspec
    (`::`), and a URL without bucket, host or folder.
    """
    if word not in KINDS and not _is_registered(word):
        raise InvalidInputError(f"{url}: no run can lie on {word}; {ALLOWED}")
    if not rest.startswith("//"):
        raise InvalidInputError(
            f"{url}: {word} wants two slashes, {word}://...; for a folder of that name give ./{url}"
        )
    if "::" in rest:
        raise InvalidInputError(f"{url}: chains of URLs (::) are no place for a run; {ALLOWED}")
    nowhere = rest.startswith("///") and KINDS.get(word, Kind()).brought_by
    if nowhere or not rest.strip("/"):
        raise InvalidInputError(f"{url}: names no bucket, host or folder; {ALLOWED}")
    return f"{word}:{rest}"


def _is_registered(word: str) -> bool:
    """Whether a program has brought a file system of its own, and said so to fsspec."""
    from fsspec.registry import known_implementations, registry

    return word in registry and word not in known_implementations
