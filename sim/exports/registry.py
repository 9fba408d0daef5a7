"""The formats in which runs are exported, by the names that `--to` takes."""

from __future__ import annotations

from sim.exports.format import AnyFormat

# A format is a module of this room with a `FORMAT`, in the order in which lists show them.
EXPORTS: dict[str, AnyFormat] = {}
