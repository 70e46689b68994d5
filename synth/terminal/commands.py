"""What both command lines are made with."""

from __future__ import annotations

from typing import Annotated

import typer

from synth.terminal.errors import Commands


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"thfm {version('thfm')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)]


def new_app(says: str, start: str) -> typer.Typer:
    """A command line without commands: its help ``says`` what it is for, and which command to ``start`` with."""
    app = typer.Typer(
        cls=Commands,
        help=says,
        epilog=f"Start with: {start}",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _root(version: Version = False) -> None:
        pass

    return app
