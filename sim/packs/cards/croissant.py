"""The description of a pack for programs: Croissant 1.0 with the properties of its RAI extension.

Formats: http://mlcommons.org/croissant/1.0 and http://mlcommons.org/croissant/RAI/1.0.
"""

from __future__ import annotations

import json
from typing import Any

from sim._version import __version__
from sim.documents.printable import printable
from sim.packs.cards.readme import glob_of
from sim.packs.cards.wording import (
    LICENCE_URL,
    LIMITS,
    MUST_NOT,
    TRUTH,
    audit_words,
    biases,
    purpose,
    remake,
    target_words,
    upkeep,
    version,
    what_it_holds,
)
from sim.packs.facts import PackFacts
from sim.tables.column import Column
from sim.tables.query import view_of
from sim.tables.table_meanings import TABLE_MEANINGS

_PARQUET = "application/x-parquet"
_TYPES = {
    "id": "cr:Int64",
    "time": "sc:DateTime",
    "word": "sc:Text",
    "string": "sc:Text",
    "bool": "sc:Boolean",
    "int8": "cr:Int8",
    "int16": "cr:Int16",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "float16": "cr:Float16",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "vector": "cr:Float16",
}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(facts: PackFacts) -> str:
    """Return the description as JSON-LD."""
    recipe = facts.recipe
    content = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": recipe.name,
        "description": _description(facts),
        "license": LICENCE_URL,
        "url": "README.md",
        **({} if recipe.published is None else {"datePublished": recipe.published.isoformat()}),
        "version": version(facts),
        "creator": {"@type": "Organization", "name": "The sim developers"},
        "citeAs": f"The sim developers, sim {__version__}: {recipe.name}.",
        "keywords": ["synthetic", "simulation", "abuse detection", "LLM API traffic"],
        **_rai(facts),
        "distribution": _distribution(facts),
        "recordSet": [_record_set(facts, table) for table in facts.schemas],
    }

    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _description(facts: PackFacts) -> str:
    """Return what the pack is, in sentences."""
    words = printable(facts.recipe.about or facts.recipe.title).rstrip()
    return f"{words}{'' if words.endswith('.') else '.'} {what_it_holds(facts)}."


def _rai(facts: PackFacts) -> dict[str, Any]:
    """Return what the RAI extension asks for, as far as it is about simulated data."""
    return {
        "rai:dataCollection": f"Simulated by sim {__version__}. {remake(facts)}",
        "rai:dataCollectionType": ["Synthetic"],
        "rai:dataCollectionMissingData": "Where a value is missing, the column says when; labels "
        "are missing on purpose: they come late, partial and wrong.",
        "rai:dataAnnotationProtocol": "labels_observed/ simulates rules, payment disputes, "
        "analysts, partners and appeals. truth/ is known because it was simulated. "
        + target_words(facts),
        "rai:machineAnnotationTools": [f"sim {__version__}"],
        "rai:dataUseCases": [purpose(facts), *(f"Not for: {each}" for each in MUST_NOT)],
        "rai:dataLimitations": [*LIMITS, TRUTH, audit_words(facts)],
        "rai:dataBiases": list(biases(facts)),
        "rai:dataSocialImpact": "Detectors of abuse decide about people's access. "
        + " ".join(MUST_NOT[:2]),
        "rai:personalSensitiveInformation": ["None: no person, organisation or text is real."],
        "rai:dataReleaseMaintenancePlan": upkeep(facts),
    }


def _distribution(facts: PackFacts) -> list[dict[str, Any]]:
    """Return all files with size and SHA-256, and a set of files for each table in parts."""
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": record.path,
            "name": record.path,
            "contentUrl": record.path,
            "contentSize": f"{record.bytes} B",
            "encodingFormat": _PARQUET if record.path.endswith(".parquet") else "application/json",
            "sha256": record.sha256,
        }
        for record in facts.files
    ]
    sets = [
        {
            "@type": "cr:FileSet",
            "@id": f"{table}/",
            "name": table,
            "includes": glob_of(facts, table),
            "encodingFormat": _PARQUET,
        }
        for table in facts.schemas
        if _is_in_parts(facts, table)
    ]
    return [*objects, *sets]


def _is_in_parts(facts: PackFacts, table: str) -> bool:
    return "*" in glob_of(facts, table)


def _record_set(facts: PackFacts, table: str) -> dict[str, Any]:
    """Return a table with its columns."""
    schema = facts.schemas[table]
    if _is_in_parts(facts, table):
        source: dict[str, Any] = {"fileSet": {"@id": f"{table}/"}}
    else:
        source = {"fileObject": {"@id": glob_of(facts, table)}}
    name = view_of(table)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{TABLE_MEANINGS[table]} {facts.rows[table]:,} rows.",
        "field": [_field(name, column, source) for column in schema.columns],
    }


def _field(record_set: str, column: Column, source: dict[str, Any]) -> dict[str, Any]:
    """Return a column: its type, what it means, and where it is."""
    unit = f" In {column.unit}." if column.unit else ""
    field = {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        "description": f"{column.meaning}{unit}",
        "dataType": _TYPES[column.type.removesuffix("?")],
        "source": {**source, "extract": {"column": column.name}},
    }
    return {**field, "repeated": True} if column.type == "vector" else field
