"""Clip specs: what a clip shows, as plain data, sampled from (dataset seed, clip index)."""
