"""The formats in which runs are exported, by the names that `--to` takes."""

from __future__ import annotations

import difflib

from sim.errors import InvalidInputError
from sim.exports import azure, bailian, burstgpt, litellm, mooncake, ocsf, otlp, pyg, weka
from sim.exports.format import AnyFormat

# A format is a module of this room with a `FORMAT`, in the order in which lists show them.
_FORMATS: tuple[AnyFormat, ...] = (
    weka.FORMAT,
    mooncake.FORMAT,
    azure.FORMAT,
    burstgpt.FORMAT,
    bailian.FORMAT,
    otlp.FORMAT,
    litellm.FORMAT,
    ocsf.FORMAT,
    pyg.FORMAT,
)
EXPORTS: dict[str, AnyFormat] = {form.id: form for form in _FORMATS}


def format_named(name: str) -> AnyFormat:
    """Return a format by its name; raise InvalidInputError if there is none."""
    if name in EXPORTS:
        return EXPORTS[name]
    near = difflib.get_close_matches(name, EXPORTS, 3) or list(EXPORTS)
    raise InvalidInputError(f"--to: there is no format {name!r}; there are {', '.join(near)}")
