"""Metrics: pure functions on arrays, each giving sums that add up over clips."""
