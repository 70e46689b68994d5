"""Blender: clip geometry and looks -> rendered passes. bpy is imported inside functions only, never on import."""
