"""Garments made of the base mesh's own helper meshes: cut, widened, and hung on them again."""
