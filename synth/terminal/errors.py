"""How commands end: one line on standard error and an exit code that means something."""

from __future__ import annotations

import sys

import typer
from typer.core import TyperGroup

from synth.conventions import ThfmError

FAULTS = 1  # an error that the user can mend, or faults that a check found
USAGE = 2  # typer's own
FAILED_CLIPS = 3  # the run went through, but some clips failed
INTERRUPTED = 130  # as shells have it: 128 + SIGINT

_EXTRAS = {
    "bpy": "render",
    "ray": "render",
    "OpenEXR": "render",
    "smplx": "bodies",
    "torch": "bodies",
    "trimesh": "bodies",
    "pyrender": "preview",
    "diffusers": "train",
    "gradio": "serve",
}


_CLIENTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "google"}  # of object stores, with errors of their own


def _of_storage(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _CLIENTS


def complain(message: str) -> None:
    """One line on standard error."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)


class Commands(TyperGroup):
    """A group whose commands turn the project's errors into exit codes."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ThfmError as error:
            complain(str(error))
            raise typer.Exit(FAULTS) from None
        except ModuleNotFoundError as error:
            extra = _EXTRAS.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            complain(f"{error.name} is not installed: pip install 'thfm[{extra}]' brings it.")
            raise typer.Exit(FAULTS) from None
        except Exception as error:
            if not _of_storage(error):
                raise
            complain(f"the storage lets nobody in or is not there ({error}): check its address and credentials.")
            raise typer.Exit(FAULTS) from None
        except KeyboardInterrupt:
            complain("stopped.")
            raise typer.Exit(INTERRUPTED) from None
