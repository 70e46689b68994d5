"""Synthesised motion: plain functions of (parameters, generator, body, times) that move a SMPL-X body like a person.

``kinds`` lists what there is. Each kind moves a ``Puppet``, whose channels are what an animator thinks in: the place of
the hips, feet on the floor, bend and twist of the trunk, where the hands go, where the head looks. ``solve`` turns them
into joint rotations. Everything is evaluated at the times asked for, so a clip costs only its own frames.
"""
