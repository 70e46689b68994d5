"""Augmentation: of colour alone, and of colour with every label alike so that each label stays true."""

from train.data.augment.colour import colour
from train.data.augment.config import AugmentConfig
from train.data.augment.fit import centre_fit, companions, fit, strided

__all__ = ["AugmentConfig", "centre_fit", "colour", "companions", "fit", "strided"]
