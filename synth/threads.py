"""How many threads numpy and torch use where clips are made."""

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""One per library call: sums must not depend on how many cores there are. Libraries read it when they are imported."""
