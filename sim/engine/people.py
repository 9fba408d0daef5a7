"""Tables about who sends: what the provider can see of them, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.cast import Cast
from sim.entities import pools
from sim.streams import U64, opaque_ids
from sim.tables.schema import ACCOUNTS, CREDENTIALS, ORGS, TRUTH_ACCOUNTS, arrow_schema

Array = NDArray[Any]


def entity_tables(cast: Cast) -> Iterator[tuple[str, Any]]:
    """Yield the observable tables `accounts`, `credentials` and `orgs`, in order of identifier."""
    a = cast.accounts
    key = cast.streams.key
    created = _times(cast, a.created_us)
    yield (
        "accounts",
        _table(
            ACCOUNTS,
            [
                a.account_id,
                a.org_id,
                created,
                opaque_ids(key("pool", "ip"), a.ip),
                opaque_ids(key("pool", "ip24"), a.ip >> 8),
                _words(a.asn_type, pools.ASN_TYPES),
            ],
        ),
    )
    yield "credentials", _table(CREDENTIALS, [a.api_key_id, a.account_id, created])
    yield "orgs", _orgs(cast)


def truth_accounts(cast: Cast) -> Any:
    """Return what is true of every account, in order of identifier."""
    stages, actor = cast.stages, cast.actor_of_account
    typology = cast.typology_of_actor()
    share = np.array([float(t.is_extraction) for t in typology], np.float32)
    coordinated = np.array([t.coordination == "campaign" for t in typology])
    number = np.arange(len(actor)) - np.array([s.first_account for s in stages])[actor]
    operators, (campaigns, _) = cast.actor_key("operator"), campaign_uids(cast)
    # one operator stands behind a queue; in a population everybody is their own
    queue = np.array([s.actor.arrival == "queue" for s in stages])
    import pyarrow as pa

    return _table(
        TRUTH_ACCOUNTS,
        [
            cast.accounts.account_id,
            _words(actor, [s.actor.id for s in stages]),
            _words(actor, [t.id for t in typology]),
            _words(actor, [t.purpose for t in typology]),
            _words(actor, [t.access_legitimacy for t in typology]),
            _words(actor, [t.coordination for t in typology]),
            share[actor],
            pa.array(campaigns[actor], mask=~coordinated[actor]),
            opaque_ids(operators[actor], np.where(queue[actor], 0, number)),
        ],
    )


def campaign_uids(cast: Cast) -> tuple[U64, U64]:
    """Return (campaign, operator) identifiers of each actor's coordinated work, shape (actors,)."""
    zero = np.zeros(len(cast.stages), np.int64)
    return (
        opaque_ids(cast.actor_key("campaign"), zero),
        opaque_ids(cast.actor_key("operator"), zero),
    )


def _orgs(cast: Cast) -> Any:
    """An organisation is as old as its oldest account, and declares that account's country."""
    a = cast.accounts
    order = np.lexsort((a.created_us, a.org_id))
    _, first = np.unique(a.org_id[order], return_index=True)
    oldest = order[first]
    return _table(
        ORGS,
        [
            a.org_id[oldest],
            _times(cast, a.created_us[oldest]),
            _words(a.country[oldest], pools.COUNTRIES),
        ],
    )


def _times(cast: Cast, relative_us: Array) -> Array:
    opening = round(cast.scenario.clock.start.timestamp() * 1_000_000)
    return (relative_us + opening).view("datetime64[us]")


def _words(codes: Array, words: Sequence[str]) -> Any:
    """A dictionary column; words that occur twice are entered once, or Parquet's bytes vary."""
    import pyarrow as pa

    distinct = list(dict.fromkeys(words))
    number = np.array([distinct.index(word) for word in words], np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(number[codes.astype(np.int64)]), pa.array(distinct, pa.string())
    )


def _table(columns: dict[str, str], values: list[Any]) -> Any:
    """A table sorted by its first column, the identifier, so that order tells nothing."""
    import pyarrow as pa

    schema = arrow_schema(columns)
    arrays = [
        pa.array(v).cast(f.type) if isinstance(v, np.ndarray) else v
        for v, f in zip(values, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema).sort_by(schema.names[0])
