"""What a provider comes to know of its accounts: late, in part, and sometimes wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Ints
from sim.labelling.course import LAST_DAYS, NO_ROW, Course, courses
from sim.labelling.dials import LabelDials
from sim.labelling.rows import NO_CAMPAIGN
from sim.labelling.seen import Seen
from sim.streams import MISSING, Streams, opaque_ids
from sim.tables import arrow
from sim.tables.database import RunTables
from sim.tables.label_schema import (
    LABEL_CHANNELS,
    LABEL_WORDS,
    LABELLED_ENTITIES,
    OBSERVED_LABELS,
    PAYMENT_FRAUD,
)

# Identifiers are 62 bits below a leading one; the bits are what new ones are made of.
_LOW = (1 << 62) - 1


def observed_labels(tables: RunTables, dials: LabelDials, seed: int) -> Any:
    """Return the labels that a provider would have, in order of `created_at`.

    Whom to look at is decided from what the log shows up to that time. The truth enters where a
    person looks, who may err, and where a partner knows of a campaign.

    Parameters
    ----------
    tables
        A run or a pack, with `log/` and `truth/`.
    dials
        How labels come to be.
    seed
        Of all draws. What is drawn of an account or campaign belongs to it, whichever others there
        are; but reviewers can only take up so many, so accounts compete for them.

    Returns
    -------
    pyarrow.Table
        Of the columns `OBSERVED_LABELS`; perhaps without rows.
    """
    streams, seen = Streams(seed), Seen(tables)
    (course,) = courses(seen, dials, [streams])
    return _table([_of_accounts(seen, course, dials, streams), *_of_disputes(seen, dials, streams)])


def _of_accounts(seen: Seen, course: Course, dials: LabelDials, streams: Streams) -> dict[str, Any]:
    """Return the labels of a course as columns."""
    rows = course.rows
    entity = seen.accounts.account_id[[row.account for row in rows]]
    label_id = np.zeros(len(rows), np.int64)
    kinds = [(row.channel, row.campaign) for row in rows]
    for channel, campaign in dict.fromkeys(kinds):
        of_kind = np.array([kind == (channel, campaign) for kind in kinds])
        uid = 0 if campaign == NO_CAMPAIGN else int(seen.campaigns["campaign_uid"][campaign])
        label_id[of_kind] = _ids(streams, (channel, uid), entity[of_kind])

    ends = np.array(course.ends, np.int64)
    confidence = {name: getattr(dials, name).confidence for name in LABEL_CHANNELS}
    return {
        "label_id": label_id,
        "entity_type": ["account"] * len(rows),
        "entity_id": entity,
        "label": [row.label for row in rows],
        "channel": [row.channel for row in rows],
        "confidence": [confidence[row.channel] for row in rows],
        "created_at": [row.created_us for row in rows],
        "valid_from": [row.valid_from_us for row in rows],
        "supersedes": np.where(ends == NO_ROW, MISSING, np.append(label_id, 0)[ends]),
    }


def _of_disputes(seen: Seen, dials: LabelDials, streams: Streams) -> list[dict[str, Any]]:
    """Return what disputed cards say about the accounts that pay with them, and about the cards.

    A card is disputed once: what else its owner disputes says nothing new.
    """
    known = seen.disputes[seen.disputes["known_us"] <= seen.closes_us + LAST_DAYS * DAY_US]

    parts = []
    for entity_type, column in zip(
        LABELLED_ENTITIES, ("account_id", "instrument_hash"), strict=True
    ):
        first = known.drop_duplicates(column)
        entity = first[column].to_numpy(np.int64)
        parts.append(
            {
                "label_id": _ids(streams, ("dispute", entity_type), entity),
                "entity_type": [entity_type] * len(first),
                "entity_id": entity,
                "label": [PAYMENT_FRAUD] * len(first),
                "channel": ["dispute"] * len(first),
                "confidence": [dials.dispute.confidence] * len(first),
                "created_at": first["known_us"].to_numpy(np.int64),
                "valid_from": first["first_us"].to_numpy(np.int64),
                "supersedes": np.full(len(first), MISSING),
            }
        )

    return parts


def _ids(streams: Streams, kind: tuple[str, str | int], entity: Ints) -> Ints:
    """Return identifiers of labels, of which an entity has one of this kind."""
    return opaque_ids(streams.key("labels", "id", *kind), entity & _LOW)


def _table(parts: list[dict[str, Any]]) -> Any:
    """Return columns as one table in order of time."""
    values = {name: np.concatenate([np.asarray(p[name]) for p in parts]) for name in parts[0]}
    order = np.lexsort((values["label_id"], values["created_at"].astype(np.int64)))
    values = {name: column[order] for name, column in values.items()}

    vocabulary = {"entity_type": LABELLED_ENTITIES, "label": LABEL_WORDS, "channel": LABEL_CHANNELS}
    for name, words in vocabulary.items():
        number = {word: k for k, word in enumerate(words)}
        codes = np.array([number[word] for word in values[name].tolist()], np.int32)
        values[name] = arrow.words(codes, words)
    for name in ("created_at", "valid_from"):
        values[name] = arrow.times(0, values[name].astype(np.int64))
    values["confidence"] = values["confidence"].astype(np.float32)
    return arrow.table(OBSERVED_LABELS, values)
