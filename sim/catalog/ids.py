"""Ids of catalog entries as the types of values in files: checked, with all ids in the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

import sim.catalog as catalog
from sim.documents.problems import suggest
from sim.documents.quantities import quoted


@dataclass(frozen=True)
class CatalogId:
    """What makes a `str` the id of an entry; it stands in an `Annotated` type.

    Attributes
    ----------
    kind
        What messages call an entry.
    entries
        Function that returns the entries by id; it is called on use, so importing reads no file.
    """

    kind: str
    entries: Callable[[], Mapping[str, Any]]

    def check(self, text: str) -> str:
        """Return an id of the catalog; ValueError suggests one for any other text."""
        if text not in self.entries():
            raise ValueError(f"unknown {self.kind} {quoted(text)}{suggest(text, self.entries())}")
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": sorted(self.entries())}


def _libraries_or_none() -> Mapping[str, Any]:
    """Return the libraries of recorded sessions by name, and the word for none of them."""
    return {catalog.NO_LIBRARY: None, **catalog.libraries()}


ModelId = Annotated[str, CatalogId("model", catalog.models)]
AgentId = Annotated[str, CatalogId("agent", catalog.agents)]
BenchmarkId = Annotated[str, CatalogId("benchmark", catalog.benchmarks)]
TierId = Annotated[str, CatalogId("tier", catalog.tiers)]
LibraryId = Annotated[str, CatalogId("library", _libraries_or_none)]
SharingGroupId = Annotated[str, CatalogId("circle", catalog.sharing_groups)]
LevelId = Annotated[str, CatalogId("level", catalog.levels)]
TypologyId = Annotated[str, CatalogId("typology", catalog.typologies)]
ModeId = Annotated[str, CatalogId("mode", catalog.modes)]
PromptFamilyId = Annotated[str, CatalogId("family", catalog.families)]
