"""``thfm-synth``: thin commands. Heavy modules are imported by the command that needs them, never for ``--help``."""

import os

from synth.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is imported: a clip that is made here is that of any machine

from synth.cli.app import app, main  # noqa: E402

__all__ = ["app", "main"]
