"""Hours and days of a time zone."""

from __future__ import annotations

import difflib
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import numpy as np

from sim.arrays.time import HOUR_US, MINUTE_US, SECOND_US
from sim.arrays.types import Ints
from sim.documents.printable import printable
from sim.errors import InvalidInputError

# Clocks of all zones are set by whole quarters of an hour, and at such moments.
QUARTER_US = 15 * MINUTE_US


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone of a name such as `Europe/Paris`.

    Raises
    ------
    InvalidInputError
        If there is no such zone; the message says which names are near.
    """
    if name != "UTC" and name not in (zones := sorted(available_timezones())):
        near = difflib.get_close_matches(name, zones, 3) or ["Europe/Paris"]
        raise InvalidInputError(
            f"timezone {printable(name) or repr(name)}: there is no such zone; give UTC or a name "
            f"of the IANA database such as {', '.join(near)}"
        )
    return ZoneInfo(name)


def local_hours(moments_us: Ints, zone: ZoneInfo) -> Ints:
    """Return the hour of the local clock in which each moment lies, shape (rows,).

    Parameters
    ----------
    moments_us
        Microseconds since 1970 in UTC, (rows,).
    zone
        Whose clock it is.

    Returns
    -------
    numpy.ndarray
        Hours since 1970-01-01T00:00 of that clock. The hour that a clock repeats in autumn has one
        number; `ahead_s` tells the two apart.
    """
    hours: Ints = (moments_us + ahead_s(moments_us, zone) * SECOND_US) // HOUR_US
    return hours


def ahead_s(moments_us: Ints, zone: ZoneInfo) -> Ints:
    """Return by how many seconds a zone is ahead of UTC at each moment, shape (rows,).

    Parameters
    ----------
    moments_us
        Microseconds since 1970 in UTC, (rows,).
    zone
        Whose clock it is.
    """
    if not len(moments_us):
        return np.zeros(0, np.int64)
    quarters = moments_us // QUARTER_US
    first = int(quarters.min())
    offsets_s = [_offset_s(q, zone) for q in range(first, int(quarters.max()) + 1)]
    ahead: Ints = np.array(offsets_s, np.int64)[quarters - first]
    return ahead


def hour_label(hour: int, ahead: int, zone: ZoneInfo) -> str:
    """Return an hour of a clock as ISO 8601 has it, with its offset unless the zone is UTC.

    Parameters
    ----------
    hour
        Hours since 1970-01-01T00:00 of the clock.
    ahead
        By how many seconds the clock is ahead of UTC.
    zone
        Whose clock it is.
    """
    label = f"{np.datetime64(hour, 'h')}:00"
    if zone.key == "UTC":
        return label
    sign, (hours, minutes) = "-" if ahead < 0 else "+", divmod(abs(ahead) // 60, 60)
    return f"{label}{sign}{hours:02d}:{minutes:02d}"


def _offset_s(quarter: int, zone: ZoneInfo) -> int:
    """Return by how many seconds the zone is ahead of UTC, in a quarter of an hour since 1970."""
    moment = datetime.fromtimestamp(quarter * QUARTER_US / SECOND_US, zone)
    offset = moment.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
