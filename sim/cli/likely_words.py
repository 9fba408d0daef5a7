"""Words that people try: `help` and `version` do what they say, others lead to their verb."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import click

from sim._front.scenarios import KINDS
from sim._version import __version__

_DRAW = (
    "`sim report RUN --charts FOLDER` draws a run, `sim compare --charts FOLDER` what counts tell"
)
_BEGIN = "`sim show worked_example > mine.yaml` writes a scenario to begin with"
_PACK = "`sim dataset RECIPE` makes a pack of labelled data"
_DETECT = "`sim detect NAME --pack PACK -o FILE` lets a detector score accounts"
_INSTEAD = {
    **dict.fromkeys(("plot", "chart", "charts", "draw", "graph", "figure", "picture"), _DRAW),
    **dict.fromkeys(("simulate", "start", "execute", "generate"), "`sim run SCENARIO` simulates"),
    **dict.fromkeys(("validate", "lint"), "`sim check SCENARIO` finds faults of a scenario"),
    **dict.fromkeys(("init", "new", "create"), _BEGIN),
    **dict.fromkeys(("demo", "example"), "`sim run worked_example` simulates a small scenario"),
    **dict.fromkeys(("resume", "continue"), "`sim run --resume RUN` completes a run"),
    **dict.fromkeys(("count", "sum"), "`sim counts RUN` counts a run"),
    **dict.fromkeys(("ls", "catalog"), "`sim list` shows what there is"),
    **dict.fromkeys(("pack", "packs", "recipe", "data", "labels"), _PACK),
    **dict.fromkeys(("train", "predict", "detector", "baseline"), _DETECT),
    **dict.fromkeys(("odds", "explain", "weigh"), "`sim compare` says what counts can tell"),
    **dict.fromkeys(("repeat", "replicates"), "`sim replicate SCENARIO` counts under many seeds"),
    **{kind: f"`sim list {kind}` shows them" for kind in KINDS},
}


def no_such_verb(word: str, verbs: Iterable[str]) -> str:
    """Return the message for a word that is no verb: what does the work, or which verb is near.

    Parameters
    ----------
    word
        What stood in place of a verb.
    verbs
        Those that there are.
    """
    names = sorted(verbs)
    if instead := _INSTEAD.get(word.casefold()):
        return f"there is no `sim {word}`; {instead}"
    near = difflib.get_close_matches(word.casefold(), [*names, *_INSTEAD], n=1)
    if near and near[0] in names:
        return f"there is no `sim {word}`; did you mean `sim {near[0]}`?"
    return f"there is no `sim {word}`; there are {', '.join(names)}"


@click.command("help")
@click.argument("verb", required=False)
@click.pass_context
def help_(ctx: click.Context, verb: str | None) -> None:
    """Show the help of `sim`, or of one VERB."""
    above = ctx.parent
    if above is None or not isinstance(above.command, click.Group):
        raise AssertionError("`help` is a verb of `sim`")
    if verb is None:
        click.echo(above.get_help())
        return

    name, command, _ = above.command.resolve_command(above, [verb])
    if command is not None:
        click.echo(command.get_help(click.Context(command, above, name)))


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"sim, version {__version__}")


# Beside the verbs, and in no list of them: what they print is also there as an option.
WORDS = {"help": help_, "version": version}
