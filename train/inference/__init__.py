"""What a trained model is for: predicting, and measuring predictions."""

from train.inference.predictor import Predictor

__all__ = ["Predictor"]
