"""The training loop and what surrounds it: processes, optimiser, checkpoints, watching. Starts at ``trainer.fit``."""
