"""A page in the browser: drop a video, choose tasks, see answers."""

from train.serve.run import serve

__all__ = ["serve"]
