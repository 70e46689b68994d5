"""Data sets in the formats of others."""

from synth.export.run import FORMATS, Options, Report, export

__all__ = ["FORMATS", "Options", "Report", "export"]
