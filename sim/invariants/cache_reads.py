"""INV-5: what is read from the prompt cache was left there, and is alive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import agents, modes
from sim.entities.content import template_count, template_ids, template_lengths
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.grouping import index_in, latest, numbered
from sim.invariants.run_index import LIFETIME_1H_US, RunIndex
from sim.streams import MISSING, Ids
from sim.world.attempts import OK

_COLUMNS = (
    "id",
    "file",
    "row",
    "start",
    "status",
    "account",
    "model",
    "template",
    "agent",
    "shares_with",
    "actor",
    "total",
    "read",
    "write_5m",
    "write_1h",
)


class _Sources(NamedTuple):
    """What each row may have read from; arrays of shape (rows,).

    Attributes
    ----------
    reads_own
        Whether it reads just what an earlier attempt left: of its agent with truth, else of its
        account.
    own_left
        Tokens that the attempt before of the agent left; 0 if they are gone or not known.
    reads_prefix
        Whether it reads a static prefix that somebody of its organisation keeps alive.
    unseen
        Whether what it reads may have been written before the log opened.
    """

    reads_own: Bools
    own_left: Ints
    reads_prefix: Bools
    unseen: Bools


class Cache(Check):
    """A read is what an earlier answered attempt left within the lifetime, or the static prefix.

    What an answered attempt leaves is what it read and wrote. With truth, a call reads what the
    last answered one of its agent left, or the static prefix, and nothing longer of others: so a
    sub-agent begins with the prefix, and its parent goes on with what was its own. Without truth,
    any attempt of the account and model that left as many tokens will do. An hour of answered
    attempts is carried from part to part.
    """

    id, name = "INV-5", "cache"

    def __init__(self, index: RunIndex) -> None:
        """Look up the sizes of static prefixes, and say in the note what is left out."""
        super().__init__(index)
        # rows of earlier parts that later ones can read from; they are `old`
        self._earlier: Columns = {}
        self._prefixes = _static_prefixes(index)
        self._templates = _templates(index)
        notes = [] if index.full else ["the core profile has no template"]
        if not index.truth:
            notes.append("reads are held against the account, not the agent")
        self.note = "; ".join(notes)

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log against an hour of those before."""
        new = {name: rows[name] for name in _COLUMNS if name in rows}
        new["old"] = np.zeros(len(new["id"]), np.bool_)
        both = concat([self._earlier, new]) if self._earlier else new
        both["left"] = both["read"] + both["write_5m"] + both["write_1h"]
        self.breach = first_breach(both, self.index.files, self._rules(both))
        self._keep(both)

    def _keep(self, rows: Columns) -> None:
        """Keep what later rows can still read: answered attempts of the last hour, now `old`."""
        del rows["left"]
        if not len(rows["start"]):
            return
        is_alive = rows["start"] >= rows["start"][-1] - LIFETIME_1H_US
        is_alive &= rows["status"] == OK
        self._earlier = take(rows, is_alive)
        self._earlier["old"][:] = True

    def _rules(self, rows: Columns) -> list[Rule]:
        """Return the rules on new rows: least input to cache, one lifetime, a source of reads."""
        total, left, is_new = rows["total"], rows["left"], ~rows["old"]
        least = np.append(self.index.models.min_cacheable_tokens, 0)[rows["model"]]
        sources = self._sources(rows)
        reads = is_new & (rows["status"] == OK) & (rows["read"] > 0)
        is_explained = sources.reads_own | sources.reads_prefix | sources.unseen

        return [
            Rule(
                is_new & (left > 0) & (total < least),
                lambda i: f"{left[i]} tokens cached of {total[i]}",
                lambda i: f"0 of an input shorter than {least[i]}, the model's minimum",
            ),
            Rule(
                is_new & (rows["write_5m"] > 0) & (rows["write_1h"] > 0),
                lambda i: (
                    f"writes of {rows['write_5m'][i]} for 5 min and {rows['write_1h'][i]} for 1 h"
                ),
                lambda _: "one lifetime in a request",
            ),
            Rule(
                reads & ~is_explained,
                lambda i: f"cache_read_tokens {rows['read'][i]}",
                lambda i: self._allowed(rows, i, int(sources.own_left[i])),
            ),
        ]

    def _allowed(self, rows: Columns, i: int, own_left: int) -> str:
        """Say what the row at `i` could have read; `own_left` as in `_Sources`."""
        lifetime_s = self.index.lifetime_us[rows["account"][i]] // SECOND_US
        before = f"{own_left}, what the call before it left; " if own_left > 0 else ""
        return (
            f"{before}what an answered attempt left, or the static prefix of one of its template, "
            f"within {lifetime_s} s before"
        )

    def _sources(self, rows: Columns) -> _Sources:
        """Return what each row may have read from, of old and new rows together.

        Near the opening of the log, less than a lifetime from it, a read may come from before.
        """
        start, read, left = rows["start"], rows["read"], rows["left"]
        lifetime = self.index.lifetime_us[rows["account"]]
        is_source = (rows["status"] == OK) & (left > 0)
        reaches_back = start - lifetime < self.index.opens_us

        # by account alone: any earlier attempt that left just that
        reads_own = _is_alive(start, lifetime, self._same_left(rows, is_source))
        unseen = reaches_back
        own_left = np.zeros(len(start), np.int64)

        # with truth: the attempt before of the agent alone
        if self.index.truth:
            before = self._before_of_agent(rows)
            follows = before >= 0
            is_before_alive = _is_alive(start, lifetime, before)
            own_left[follows] = left[before[follows]]
            reads_own = is_before_alive & (read == own_left)
            own_left[~is_before_alive] = 0
            # what opens a session can read nothing of its own
            unseen = unseen & ~follows & (rows["shares_with"] != MISSING)

        # the prefix lives as long as anybody of the organisation touches it
        org = self.index.accounts["org"][rows["account"]]
        shared_by = [org, rows["model"]] + ([rows["template"]] if self.index.full else [])
        touched = latest(numbered(*shared_by), start, is_source)
        is_prefix_alive = _is_alive(start, lifetime, touched) | reaches_back
        return _Sources(reads_own, own_left, self._is_prefix(rows) & is_prefix_alive, unseen)

    def _same_left(self, rows: Columns, is_source: Bools) -> Ints:
        """Return the last earlier attempt of account and model that left just what a row reads.

        Parameters
        ----------
        rows
            Columns of shape (rows,).
        is_source
            Which rows left something, shape (rows,).

        Returns
        -------
        Ints
            Index of a row for each row, never itself; -1 where there is none.
        """
        left, read, count = rows["left"], rows["read"], len(rows["read"])
        # every row once as one that leaves and once as one that reads
        account, model = np.tile(rows["account"], 2), np.tile(rows["model"], 2)
        group = numbered(account, model, np.concatenate([left, read]))
        leaves = np.concatenate([is_source, np.zeros(count, np.bool_)])
        source = latest(group, np.tile(rows["start"], 2), leaves)[count:]

        # no row is its own source, as one that writes nothing of its own would be
        is_itself = source == np.arange(count)
        if is_itself.any():
            source[is_itself] = latest(group[:count], rows["start"], is_source)[is_itself]
        return source

    def _before_of_agent(self, rows: Columns) -> Ints:
        """Return the last answered attempt before each row of its agent, -1 where there is none."""
        answered = rows["status"] == OK
        position = np.arange(len(answered))
        return np.where(rows["agent"] != MISSING, latest(rows["agent"], position, answered), -1)

    def _is_prefix(self, rows: Columns) -> Bools:
        """Return whether a read has the size of a static prefix of its actor and template.

        Or else of all that an input shorter than that has.
        """
        *by_actor, of_all = self._prefixes
        actor = rows["actor"] if self.index.truth else np.full(len(rows["read"]), -1)
        read, whole = rows["read"], rows["read"] == rows["left"]
        shortest, longest = self._lengths(rows)
        is_prefix = np.zeros(len(actor), np.bool_)
        for number, usual_sizes in (*enumerate(by_actor), (-1, of_all)):
            for usual in usual_sizes:
                least, most = np.rint(usual * shortest), np.rint(usual * longest)
                has_size = (read >= least) & (read <= most) | whole & (read < most)
                is_prefix |= (actor == number) & has_size
        return is_prefix

    def _lengths(self, rows: Columns) -> tuple[Floats, Floats]:
        """Return how long the template of each row is at least and at most, shape (rows,).

        That is known in the full profile; a template of no family has the usual length.
        """
        count = len(rows["read"])
        if not self.index.full:
            lengths = template_lengths(np.arange(template_count()))
            return np.full(count, lengths.min()), np.full(count, lengths.max())
        at = index_in(self._templates.ids, rows["template"])
        length = np.where(at >= 0, self._templates.lengths[at], 1.0)
        return length, length


class _Templates(NamedTuple):
    """Identifiers of the templates of a world, ascending, and how long each is."""

    ids: Ids
    lengths: Floats


def _templates(index: RunIndex) -> _Templates:
    """Return the templates of the world of a run."""
    number = np.arange(template_count())
    ids = template_ids(index.scenario.world.streams, len(number))
    order = np.argsort(ids)
    return _Templates(ids[order], template_lengths(number)[order])


def _static_prefixes(index: RunIndex) -> list[list[int]]:
    """Return the usual static prefixes of each actor's agents, and last those of all of them.

    Accounts that follow a mode use the agents of that.
    """
    by_actor = []
    for actor in index.scenario.actors:
        names = set(actor.agents)
        if actor.separability < 1:
            for mode in actor.modes:
                names |= set(modes()[mode].parameters["agents"])
        by_actor.append(sorted(agents()[name].static_prefix_tokens for name in names))
    return [*by_actor, sorted({size for sizes in by_actor for size in sizes})]


def _is_alive(start: Ints, lifetime: Ints, source: Ints) -> Bools:
    """Return whether each row has a source, and begins within the lifetime of what it left."""
    alive: Bools = (source >= 0) & (start - start[source] <= lifetime)
    return alive
