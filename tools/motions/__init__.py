"""What ``tools/bake_motions.py`` is made of: open sources of motion, marker sets, and synthesised motion."""
