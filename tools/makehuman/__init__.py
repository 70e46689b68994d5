"""Reading asset packs of MakeHuman and MPFB."""
