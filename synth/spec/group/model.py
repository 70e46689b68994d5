"""Groups as plain data."""

from __future__ import annotations

from typing import Literal

Formation = Literal["conversation", "side_by_side", "scattered", "walking", "queue"]
