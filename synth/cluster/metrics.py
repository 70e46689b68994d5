"""The numbers of a run for Prometheus: Ray's node of the driver exports them beside its own."""

from __future__ import annotations

from typing import Any

from ray.util.metrics import Gauge


class Metrics:
    """Gauges thfm_clips (by state), thfm_rejected_draws (by check), thfm_frames, thfm_frames_per_second and
    thfm_seconds_left, each with the data set's URL."""

    def __init__(self, out: str):
        def gauge(name: str, says: str, *tags: str) -> Gauge:
            made = Gauge(f"thfm_{name}", description=says, tag_keys=("data_set", *tags))
            made.set_default_tags({"data_set": out})
            return made

        self._clips = gauge("clips", "clips of the data set by state", "state")
        self._draws = gauge("rejected_draws", "draws that a quality check turned down", "check")
        self._plain = {
            "frames": gauge("frames", "frames that this run has made"),
            "frames_per_second": gauge("frames_per_second", "frames of all workers, since the run began"),
            "seconds_left": gauge("seconds_left", "seconds until all clips are made"),
        }

    def update(self, numbers: dict[str, Any]) -> None:
        """Tell Ray."""
        for state in ("before", "kept", "rejected", "failed"):
            self._clips.set(numbers[state], {"state": state})
        self._clips.set(numbers["clips"] - numbers["done"], {"state": "left"})
        for check, times in numbers["reasons"].items():
            self._draws.set(times, {"check": check})
        for name, gauge in self._plain.items():
            if numbers[name] is not None:
                gauge.set(numbers[name])
