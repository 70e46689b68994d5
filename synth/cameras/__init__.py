"""Camera specs -> camera paths that keep in sight what the framing asks for. Pure numpy; the same answer everywhere."""

from synth.cameras.framing import Subject, framed_vertices
from synth.cameras.optics import intrinsics, look_at
from synth.cameras.replay import CapturedPath, read_path
from synth.cameras.solve import solve

__all__ = ["CapturedPath", "Subject", "framed_vertices", "intrinsics", "look_at", "read_path", "solve"]
