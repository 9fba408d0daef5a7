"""What the forms of a scenario have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

BY_TYPOLOGY = "Default: that of the typology."
BY_CATALOG = "Default: that of the catalog."
NONE_BY_DEFAULT = "Default: that of the typology, else none."


def dial(text: str, default: str = BY_TYPOLOGY) -> Any:
    """Return the field of an optional key with its description."""
    return Field(default=None, description=f"{text} {default}".strip())


class Form(BaseModel):
    """What every mapping is: known keys only, no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
