"""Names of actors in a pack: unlike members may have actors of one name."""

from __future__ import annotations

from typing import Any

ACTOR = "actor_id"


def numbered(table: Any, member: int) -> Any:
    """Return a table whose actors bear the number of their member: `1.coders`.

    A table that names no actors is returned as it is.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of one member.
    member
        Its number, from 1.
    """
    import pyarrow as pa

    if ACTOR not in table.column_names:
        return table
    place = table.column_names.index(ACTOR)
    chunks = []
    for chunk in table.column(ACTOR).chunks:
        names = [f"{member}.{name}" for name in chunk.dictionary.to_pylist()]
        words = pa.array(names, pa.string())
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, words))
    field = table.schema.field(place)
    return table.set_column(place, field, pa.chunked_array(chunks, field.type))
