"""Generator of labelled synthetic video of people: clip specs, bodies, Blender renders, labels, shards."""
