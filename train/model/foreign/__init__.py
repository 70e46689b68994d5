"""Layouts of other people's checkpoints, and their files read and written piece by piece."""
