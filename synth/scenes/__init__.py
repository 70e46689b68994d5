"""Where clips play: rooms, streets, landscapes, studios, pictures and scene files round people and cameras."""

from synth.scenes.build import SceneAssets, build_scene
from synth.scenes.files import SCENES
from synth.scenes.stage import Surroundings

__all__ = ["SCENES", "SceneAssets", "Surroundings", "build_scene"]
