"""A page in the browser: drop a video, choose tasks, see answers."""

from train.serve.page import page
from train.serve.run import serve

__all__ = ["page", "serve"]
