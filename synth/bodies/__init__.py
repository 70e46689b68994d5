"""People's geometry: SMPL-X models, motions and wardrobes -> meshes and joints per frame."""
