"""Benchmarks of the literature, one file each. A file in this folder that defines ``BENCHMARK`` is found by itself."""

from train.benchmarks.base import Benchmark, Request
from train.benchmarks.registry import BENCHMARKS, benchmark

__all__ = ["BENCHMARKS", "Benchmark", "Request", "benchmark"]
