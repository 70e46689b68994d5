"""Where this folder is on PYTHONPATH, clips meet with faults amid their render: real ones, in the process that renders.

``THFM_TEST_FAULTS`` says which, separated by spaces: ``crash:KEY``, ``hang:KEY``; ``leak:MEGABYTES`` and
``slow:SECONDS`` a clip; all of these with ``draw-`` before them while its geometry is made; ``mute:workers``, and no
process of a Ray worker comes up. ``THFM_TEST_JOURNAL`` names a file that gets a line (process id, key, what, time) for
every clip that is begun to be drawn, that is drawn, whose colour is begun, and whose colour is there.
"""

import importlib.machinery
import os
import sys
import time

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
    time.sleep(float(seconds))


def meet(key: str, before: str = "") -> None:
    for fault in os.environ.get("THFM_TEST_FAULTS", "").split():
        kind, _, what = fault.partition(":")
        if not kind.startswith(before) or kind.removeprefix(before) not in ("crash", "hang", "leak", "slow"):
            continue
        kind = kind.removeprefix(before)
        if kind in ("leak", "slow"):
            globals()[kind](what)
        elif what == key:
            globals()[kind]()


def note(key: str, what: str) -> None:
    if journal := os.environ.get("THFM_TEST_JOURNAL"):
        with open(journal, "a") as file:
            file.write(f"{os.getpid()} {key} {what} {time.time()}\n")


def with_faults_in_colour(render_colour):
    def wrapped(geometry, spec, config, hdri, log, progress):
        def told(stage: str, frames: int) -> None:
            if (stage, frames) == ("colour", 1):
                meet(spec.key)
            progress(stage, frames)

        note(spec.key, "colour")
        passes = render_colour(geometry, spec, config, hdri, log, told)
        note(spec.key, "coloured")
        return passes

    return wrapped


def with_faults_in_draws(build_clip):
    def wrapped(spec, *args, **kwargs):
        note(spec.key, "draw")
        meet(spec.key, "draw-")
        geometry = build_clip(spec, *args, **kwargs)
        note(spec.key, "drawn")
        return geometry

    return wrapped


PLACES = {
    "synth.blender.render": ("render_colour", with_faults_in_colour),
    "synth.bodies.clip": ("build_clip", with_faults_in_draws),
}


class Finder:
    """Finds modules as Python would, and wraps their functions once they are loaded."""

    @staticmethod
    def find_spec(name: str, path=None, target=None):
        if name not in PLACES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        execute, (function, wrap) = spec.loader.exec_module, PLACES[name]

        def exec_module(module) -> None:
            execute(module)
            setattr(module, function, wrap(getattr(module, function)))

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder)
if "mute:workers" in os.environ.get("THFM_TEST_FAULTS", "") and "default_worker.py" in " ".join(sys.orig_argv):
    os._exit(1)
