"""What remote file systems raise, each kind in its own way, in one line for the user."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import InvalidInputError, SimError

# HTTP statuses that pass by themselves: too early, too many requests, errors of the server.
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class PassingError(SimError):
    """A remote file system failed in a way that may well be over soon.

    Attributes
    ----------
    url
        Where.
    reason
        How it failed, for messages.
    remedy
        What to do about it. Whoever knows that work was kept puts another one in its place.
    """

    def __init__(self, url: str, reason: str, remedy: str = "try again") -> None:
        super().__init__(f"{url}: {reason}; {remedy}")
        self.url, self.reason, self.remedy = url, reason, remedy

    def __reduce__(self) -> tuple[type[PassingError], tuple[str, str, str]]:
        return PassingError, (self.url, self.reason, self.remedy)


def in_one_line(url: str, error: Exception) -> SimError:
    """Return the error to raise for what a file system raised at `url`.

    Parameters
    ----------
    url
        The place, for the message.
    error
        What was raised, by fsspec or by the library behind it.

    Returns
    -------
    SimError
        A `PassingError` for HTTP statuses that pass by themselves; else one that says what was
        refused or what to check.
    """
    said = getattr(error, "strerror", None) or str(error)
    said = " ".join(said.split()) or type(error).__name__
    status = _status(error)
    if status in _PASSING:
        return PassingError(url, f"the server failed again and again (HTTP {status})")
    if isinstance(error, PermissionError):
        remedy = "check the credentials and what they allow"
        return SimError(f"{url}: access was refused: {said}; {remedy}")
    return SimError(f"{url}: {said}; check address, credentials and network")


def missing_place(url: str, error: Exception) -> InvalidInputError:
    """Return the error to raise for a bucket or another place that is not there."""
    return InvalidInputError(f"{url}: {error}; make it first, or give another place")


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that is behind an error, if any is.

    Libraries keep it in different places: botocore in a dictionary, others as `status_code` or
    `code`.
    """
    for cause in _behind(error):
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            status = getattr(cause, "status_code", None) or getattr(cause, "code", None)
        if isinstance(status, int):
            return status
    return None


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, then its cause or context, and so on to the first one."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
