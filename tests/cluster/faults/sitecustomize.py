"""Where this folder is on PYTHONPATH, clips meet with faults amid their render: real ones, in the process that renders.

``THFM_TEST_FAULTS`` says which, separated by spaces: ``crash:KEY``, ``hang:KEY``; ``leak:MEGABYTES`` and
``slow:SECONDS`` a clip; ``mute:workers``, and no process of a Ray worker comes up. ``THFM_TEST_JOURNAL`` names a file
that gets a line (process id, key) for every clip whose colour is begun.
"""

import importlib.machinery
import os
import sys

LEAKED = []


def crash() -> None:
    import ctypes

    ctypes.string_at(0)


def hang() -> None:
    import threading

    threading.Event().wait()


def leak(megabytes: str) -> None:
    LEAKED.append(b"x" * (int(megabytes) * 2**20))


def slow(seconds: str) -> None:
    import time

    time.sleep(float(seconds))


def meet(key: str) -> None:
    for fault in os.environ.get("THFM_TEST_FAULTS", "").split():
        kind, _, what = fault.partition(":")
        if kind in ("leak", "slow"):
            globals()[kind](what)
        elif what == key:
            globals()[kind]()


def with_faults(render_colour):
    def wrapped(geometry, spec, config, hdri, log, progress):
        if journal := os.environ.get("THFM_TEST_JOURNAL"):
            with open(journal, "a") as file:
                file.write(f"{os.getpid()} {spec.key}\n")

        def told(stage: str, frames: int) -> None:
            if (stage, frames) == ("colour", 1):
                meet(spec.key)
            progress(stage, frames)

        return render_colour(geometry, spec, config, hdri, log, told)

    return wrapped


class Finder:
    """Finds the renderer's module as Python would, and wraps its function once it is loaded."""

    @staticmethod
    def find_spec(name: str, path=None, target=None):
        if name != "synth.blender.render":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def exec_module(module) -> None:
            execute(module)
            module.render_colour = with_faults(module.render_colour)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder)
if "mute:workers" in os.environ.get("THFM_TEST_FAULTS", "") and "default_worker.py" in " ".join(sys.orig_argv):
    os._exit(1)
