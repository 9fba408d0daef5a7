"""What a shell completes an argument to: names that ship, and files or folders.

Click asks these functions when a shell asks it; docs/reference/cli.md says how a shell is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completer(names: Callable[[], Iterable[str]]) -> Completer:
    """Return what completes to the names that begin so, and to files where none does."""

    def complete(
        _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names, or let the shell look for files."""
        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]

    return complete


def _scenarios() -> Iterable[str]:
    from sim.scenario import shipped_scenarios

    return shipped_scenarios()


def _recipes() -> Iterable[str]:
    from sim.packs.load_recipe import shipped_recipes

    return shipped_recipes()


def _claims() -> Iterable[str]:
    from sim.catalog import claims

    return claims()


def _traces() -> Iterable[str]:
    from sim.traces.shipped import shipped_traces

    return shipped_traces()


def _folders(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell look for folders."""
    return [CompletionItem(incomplete, type="dir")]


scenario_names = _completer(_scenarios)
recipe_names = _completer(_recipes)
claim_ids = _completer(_claims)
trace_ids = _completer(_traces)
folders: Completer = _folders
