"""The calls of a run as the scorecard reads them: of which actors, in which sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import agents
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.scorecard.calls import Calls
from sim.scorecard.goals import Workload
from sim.tables.conventions import OK
from sim.tables.reading import Run

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario.resolved import Actor

# Where the log names no conversation, an account that rests so long begins another session.
SESSION_BREAK_S = 1_800.0
# Sessions that begin in this last part of a run are cut by its end.
_LAST_PART = 0.1
_LOG = ("ts_start", "account_id", "input_tokens_total", "output_tokens", "http_status")
_TRUTH = ("session_uid", "task_uid", "turn", "step", "shared_prefix_tokens")


@dataclass(frozen=True)
class RunRows:
    """All attempts of some actors of a run, in the order of time; arrays of shape (attempts,).

    Attributes
    ----------
    name
        Of the run, for messages.
    t_s
        Seconds since the log opened.
    account, session
        Numbers of whose they are; sessions come from the truth, else from the conversation that the
        client names, else from pauses of its account.
    is_whole
        Whether the log holds the beginning of the session, as far as is known.
    answered
        Whether the attempt was answered.
    input_tokens, output_tokens, opens_turn
        As in `Calls`.
    prefix_tokens, item
        As in `Calls`; None without truth.
    length_s
        From the opening of the log to its end.
    """

    name: str
    t_s: Floats
    account: Ints
    session: Ints
    is_whole: Bools
    answered: Bools
    input_tokens: Floats
    output_tokens: Floats
    opens_turn: Bools
    prefix_tokens: Floats | None
    item: Ints | None
    length_s: float

    @property
    def failed_share(self) -> float:
        """Share of attempts that were not answered."""
        return float(np.mean(~self.answered)) if len(self.answered) else float("nan")

    def sessions(self) -> Calls:
        """Return the answered calls by session, without sessions that an end of the log cuts."""
        kept = self.answered & self.is_whole
        begins = np.full(int(self.session.max(initial=-1)) + 1, np.inf)
        np.minimum.at(begins, self.session, self.t_s)
        kept &= begins[self.session] < (1 - _LAST_PART) * self.length_s
        return Calls.sorted(
            self.session[kept],
            self.t_s[kept],
            input_tokens=self.input_tokens[kept],
            output_tokens=self.output_tokens[kept],
            opens_turn=self.opens_turn[kept],
            prefix_tokens=None if self.prefix_tokens is None else self.prefix_tokens[kept],
            item=None if self.item is None else self.item[kept],
            failed_share=self.failed_share,
        )


def workload_of(actor: Actor) -> Workload:
    """Return the class of workload that an actor is: by its benchmark, else by its agents."""
    if actor.source == "benchmark":
        return "benchmark"
    main = max(actor.agents, key=lambda id_: actor.agents[id_])
    if main == "coding-cli":
        return "coding"
    if main == "chat":
        return "chat"
    return "benchmark" if agents()[main].step_limit else "api"


def actors_for(run: Run, asked: Sequence[str], workload: Workload | None) -> tuple[str, ...]:
    """Return the ids of the actors whose calls count; none if all calls do.

    Parameters
    ----------
    run
        A finished run.
    asked
        Ids that the user names; empty for the actors of the class of workload, or all if there are
        no such actors.
    workload
        The class; None if all actors count, whatever they work on.

    Raises
    ------
    InvalidInputError
        If there is no such actor, or if actors are named of a run without truth.
    """
    actors = {actor.id: actor for actor in run.scenario.actors}
    has_truth = run.has("truth/exchanges")
    for id_ in asked:
        if id_ not in actors:
            raise InvalidInputError(
                f"{run.store}: no actor '{id_}'{suggest(id_, actors)}; there are "
                f"{', '.join(actors)}"
            )

    if asked and not has_truth:
        raise InvalidInputError(
            f"{run.store}: its truth was taken away, so its actors cannot be told apart; leave out "
            "--actor"
        )

    if asked or not has_truth:
        return tuple(asked)
    alike = (id_ for id_, a in actors.items() if workload in (None, workload_of(a)))
    return tuple(alike) or tuple(actors)


def workload_of_run(run: Run, asked: Sequence[str]) -> Workload:
    """Return the one class of workload of a run, or of its actors that are asked for.

    Raises
    ------
    InvalidInputError
        If there are several.
    """
    actors = [a for a in run.scenario.actors if not asked or a.id in asked]
    by_class: dict[Workload, list[str]] = {}
    for actor in actors:
        by_class.setdefault(workload_of(actor), []).append(actor.id)
    if len(by_class) == 1:
        return next(iter(by_class))
    listed = "; ".join(f"{k}: {', '.join(ids)}" for k, ids in by_class.items())
    raise InvalidInputError(
        f"{run.store}: holds several classes of work ({listed}); give --against TRACE or "
        "--actor ID to say which is scored"
    )


def rows_of_run(run: Run, actors: Sequence[str]) -> RunRows:
    """Read what the scorecard needs of a run.

    Parameters
    ----------
    run
        A finished run, with or without truth.
    actors
        Whose rows; all if empty.

    Raises
    ------
    InvalidInputError
        If a file of the run is missing or damaged.
    """
    import pyarrow.compute as pc

    run.expect_core_columns()
    has_truth = run.has("truth/exchanges")
    more = [x for x in ("conversation_id", "last_role_in") if x in run.columns("log/exchanges")]
    where = pc.field("actor_id").isin(list(actors)) if actors else None
    names = (*_LOG, *more, *(_TRUTH if has_truth else ()))
    frame = run.pandas(columns=names, truth=has_truth, where=where)
    frame = frame.sort_values("ts_start", kind="stable", ignore_index=True)

    clock = run.scenario.clock
    t_s = frame["ts_start"].astype("int64").to_numpy() / _per_second(frame["ts_start"])
    account = np.unique(frame["account_id"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    t_s = t_s - clock.start.timestamp()
    session = _sessions(frame, account, t_s)
    return RunRows(
        name=str(run.store),
        t_s=t_s,
        account=account,
        session=session,
        is_whole=_is_whole(frame, session),
        answered=(frame["http_status"] == OK).to_numpy(),
        input_tokens=frame["input_tokens_total"].to_numpy(np.float64),
        output_tokens=frame["output_tokens"].to_numpy(np.float64),
        opens_turn=(frame["last_role_in"] == "user").to_numpy(),
        prefix_tokens=frame["shared_prefix_tokens"].to_numpy(np.float64) if has_truth else None,
        item=_items(run, frame) if has_truth else None,
        length_s=clock.duration_us / 1e6,
    )


def _per_second(times: pd.Series) -> float:
    """Return how many units of a column of times make a second."""
    unit: str = np.datetime_data(times.dtype.base if hasattr(times.dtype, "base") else times.dtype)[
        0
    ]
    return {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]


def _sessions(frame: pd.DataFrame, account: Ints, t_s: Floats) -> Ints:
    """Return the number of the session of each attempt, from 0."""
    if "session_uid" in frame:
        key: Any = frame["session_uid"].to_numpy()
        return np.unique(key, return_inverse=True)[1].astype(np.int64)

    # by account and pause; a conversation that the client names comes before these
    order = np.lexsort((t_s, account))
    begins = np.r_[True, (np.diff(account[order]) != 0) | (np.diff(t_s[order]) > SESSION_BREAK_S)]
    stretch = np.zeros(len(frame), np.int64)
    stretch[order] = np.cumsum(begins[: len(frame)])
    if "conversation_id" not in frame:
        return stretch - 1
    named = frame["conversation_id"].to_numpy()
    codes = np.unique(named, return_inverse=True)[1] + stretch.max(initial=0)
    return np.unique(np.where(named != 0, codes, stretch), return_inverse=True)[1].astype(np.int64)


def _is_whole(frame: pd.DataFrame, session: Ints) -> Bools:
    """Tell of each attempt whether its session began in the log; without truth all are taken to."""
    if "turn" not in frame:
        return np.ones(len(frame), bool)
    begins = ((frame["turn"] == 0) & (frame["step"] == 0)).to_numpy()
    whole = np.zeros(int(session.max(initial=-1)) + 1, bool)
    whole[session[begins]] = True
    return np.asarray(whole[session])


def _items(run: Run, frame: pd.DataFrame) -> Ints:
    """Return the benchmark item that each attempt works on, -1 for none."""
    tasks = run.pandas("truth/tasks", ("task_uid", "item")).set_index("task_uid")["item"]
    found = frame["task_uid"].map(tasks).fillna(-1)
    return np.asarray(found.to_numpy(), np.float64).astype(np.int64)
