"""Prints the Debian packages of the shared libraries that bpy and pyrender need and this machine lacks."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXi.so.6": "libxi6",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXrender.so.1": "libxrender1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libEGL_mesa.so.0": "libegl-mesa0",
    "libGLESv2.so.2": "libgles2",
    "libgomp.so.1": "libgomp1",
}
# pyrender opens these by name; Mesa's is the driver that needs no GPU.
OPENED = ("libEGL.so.1", "libGL.so.1", "libGLESv2.so.2", "libEGL_mesa.so.0")


def unopened() -> set[str]:
    """Those of ``OPENED`` that the dynamic loader cannot open."""
    out = set()
    for name in OPENED:
        try:
            ctypes.CDLL(name)
        except OSError:
            out.add(name)
    return out


def unlinked(package: str) -> set[str]:
    """Libraries that the main binary of an installed package links and the loader does not find."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"error: {package} is not installed in this environment")
    listing = subprocess.run(["ldd", str(Path(spec.origin))], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listing.splitlines() if line.endswith("not found")}


def main() -> None:
    missing = unopened() | unlinked("bpy")
    print("\n".join(sorted(PACKAGES.get(name, name) for name in missing)))


if __name__ == "__main__":
    main()
