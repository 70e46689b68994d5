"""Names and colours of labels, for the page: the same that contact sheets have."""

from __future__ import annotations

from typing import Any

from synth.conventions import CANONICAL_CENTRE, CANONICAL_EXTENT, JOINT_NAMES, PART_NAMES, SEMANTIC_NAMES, SKELETON
from synth.gallery.rows import NUMBERS, TRAITS
from synth.preview.colour import SURFACE_STRETCH, flow_wheel
from synth.preview.palette import DEPTH_RAMP, LEFT, MIDDLE, PARTS, PEOPLE, RIGHT, SEMANTICS


def vocabulary() -> dict[str, Any]:
    """JSON-able."""
    return {
        "numbers": {name: {"title": t, "unit": u, "digits": d} for name, (t, u, d) in NUMBERS.items()},
        "traits": TRAITS,
        "parts": {"names": PART_NAMES, "colours": [PARTS.get(i) for i in range(len(PART_NAMES))]},
        "semantics": {"names": SEMANTIC_NAMES, "colours": [SEMANTICS.get(i) for i in range(len(SEMANTIC_NAMES))]},
        "people": PEOPLE,
        "depth": DEPTH_RAMP,
        "stretch": SURFACE_STRETCH.tolist(),
        "wheel": flow_wheel().round(4).tolist(),
        "canonical": {"centre": CANONICAL_CENTRE, "extent": CANONICAL_EXTENT},
        "joints": JOINT_NAMES,
        "bones": SKELETON,
        "sides": {"left": LEFT, "middle": MIDDLE, "right": RIGHT},
    }
