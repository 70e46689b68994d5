"""``thfm-train``: thin commands. Heavy modules are imported by the command that needs them, never for ``--help``."""

from train.cli.app import app, main

__all__ = ["app", "main"]
