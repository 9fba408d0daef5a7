"""Optional keys of the human form, and what their descriptions say of their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import Field

BY_TYPOLOGY = "Default: that of the typology."
BY_CATALOG = "Default: that of the catalog."
NONE_BY_DEFAULT = "Default: that of the typology, else none."


def optional_key(text: str, default: str = BY_TYPOLOGY) -> Any:
    """Return the field of a key that may be left out.

    None stands for a key that is left out; the default is filled in when the form is resolved.

    Parameters
    ----------
    text
        The description of the key, one or more sentences.
    default
        A sentence about its default, put behind; empty if `text` says it.
    """
    return Field(default=None, description=f"{text} {default}".strip())
