"""The dressed people of a config, one after the other, and rays at them: what the checks of clothes share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import trimesh

from synth.bodies.figure import Figure, build_figure
from synth.bodies.wardrobe import load_catalogue
from synth.config import load_config
from synth.make import clip_spec, library_of
from synth.spec.model import ClipSpec


def arguments(doc: str, people: str, frames: int) -> argparse.Namespace:
    """The command line of a check; ``people`` says who counts, ``frames`` is how long their clips are."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--people", type=int, default=40, help=people)
    parser.add_argument("--frames", type=int, default=frames)
    parser.add_argument("--first", type=int, default=0, help="clip to start at")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def dressed_people(args: argparse.Namespace) -> tuple[Iterator[tuple[str, ClipSpec, Figure]], dict[str, dict]]:
    """Endless people, each with what to call them and the spec of their clip; and the wardrobe's entries by name."""
    config = load_config(args.config, [f"seed={args.seed}", f"spec.video.frames={args.frames}"])
    library = library_of(config.bodies)

    def people() -> Iterator[tuple[str, ClipSpec, Figure]]:
        index = args.first
        while True:
            spec = clip_spec(config, index)
            for number, person in enumerate(spec.people, 1):
                figure = build_figure(person, number, spec.frames, spec.fps, config.bodies, library)
                yield f"clip {index} person {number} ({person.motion.name})", spec, figure
            index += 1

    return people(), load_catalogue(config.bodies.assets)["items"]


def first_hits(mesh: trimesh.Trimesh, start: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First faces (N,) that rays meet, -1 for none, and their distances (N,), inf for none."""
    face, depth = np.full(len(start), -1), np.full(len(start), np.inf)
    at, ray, index = mesh.ray.intersects_location(start, rays, multiple_hits=False)
    face[ray], depth[ray] = index, ((at - start[ray]) * rays[ray]).sum(1)
    return face, depth
