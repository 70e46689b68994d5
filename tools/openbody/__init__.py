"""Bakes the open body: MakeHuman's CC0 data turned into the SMPL-X file layout (see ``tools/bake_body.py``)."""
