"""The gallery: a data set as a site to browse, search and look into, from disk or served."""

from synth.gallery.server import serve_gallery
from synth.gallery.site import Site, write_gallery

__all__ = ["Site", "serve_gallery", "write_gallery"]
