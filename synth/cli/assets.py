"""``thfm-synth assets``: what clips can be made of, and under which licences."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from synth.bodies.catalogue import Library, load_library
from synth.bodies.config import BodiesConfig
from synth.bodies.licences import licences
from synth.cli.own_data import PAGE, own_data
from synth.config import GenerateConfig
from synth.settings import checked, overridden
from synth.spec.catalogue import MotionEntry


def _bodies(overrides: list[str]) -> BodiesConfig:
    return checked(GenerateConfig, {"clips": 1} | overridden({}, overrides)).bodies


def motion_minutes(entries: Iterable[MotionEntry], draws: int = 8) -> tuple[float, float]:
    """Minutes of captured motion, and of synthesised motion when every kind is drawn ``draws`` times."""
    entries = list(entries)
    captured = sum(m.seconds for m in entries if not m.synthesised)
    return captured / 60, draws * sum(m.seconds for m in entries if m.synthesised) / 60


def print_motions(entries: Iterable[MotionEntry]) -> None:
    """How much motion there is, action by action."""
    entries = list(entries)
    table = Table("action", "captured", "minutes", "synthesised kinds", title="motion", title_justify="left", box=None)
    for action in sorted({m.action for m in entries}):
        group = [m for m in entries if m.action == action]
        kinds = ", ".join(m.name.split(":")[-1] for m in group if m.synthesised)
        files = [m for m in group if not m.synthesised]
        table.add_row(action, str(len(files)), f"{sum(m.seconds for m in files) / 60:.1f}", kinds)
    captured, made = motion_minutes(entries)
    Console().print(table)
    Console().print(
        f"{captured:.1f} minutes are captured. Synthesised motion has no end, every seed moves otherwise: eight draws "
        f"of each kind are {made:.0f} minutes.",
        soft_wrap=True,
    )


def print_own_data(config: BodiesConfig, library: Library, console: Console) -> None:
    """What data of the user's own is there, what is missing, and what it would add."""
    table = Table("data of your own", box=None)
    table.add_column("key", no_wrap=True)
    for column in ("found", "missing", "adds"):
        table.add_column(column)
    for kind in own_data(config, library):
        table.add_row(kind.name, kind.key, kind.found or "not named", kind.missing, kind.adds)
    console.print(table)
    console.print(f"{PAGE} says where to get each, under which terms, and where to put it.", soft_wrap=True)


def print_assets(overrides: list[str]) -> None:
    """A table of everything, sorted by kind, how much motion there is, data of the user's own, and what could not be
    read."""
    config = _bodies(overrides)
    library = load_library(config)
    table = Table("kind", "name", "licence", "author", box=None)
    for asset in licences(config, library):
        table.add_row(asset.kind, asset.name, asset.licence, asset.author)
    console = Console()
    console.print(table)
    print_motions(library.catalogue.motions)
    print_own_data(config, library, console)
    for fault in library.left_out:
        console.print(f"left out: {fault}", markup=False, highlight=False, soft_wrap=True)
