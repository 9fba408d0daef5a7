"""Optional keys of the human form, and what their descriptions say of their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import Field

BY_TYPOLOGY = "Default: that of the typology."
BY_CATALOG = "Default: that of the catalog."
NONE_BY_DEFAULT = "Default: that of the typology, else none."


def optional_key(text: str, default: str = BY_TYPOLOGY) -> Any:
    """Return the field of a key that may be left out, described by `text` and its default."""
    return Field(default=None, description=f"{text} {default}".strip())
