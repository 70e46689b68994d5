"""The page on a port."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synth.conventions import ThfmError
from train.inference.predictor import Predictor

_FONTS, _MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")  # nothing is fetched from elsewhere


@contextmanager
def serve(predictor: Predictor, model: Path, *, host: str, port: int | None, limit: str, show: bool) -> Iterator[str]:
    """Open the page for as long as the block lasts, and give its address; it answers in threads of its own.

    What visitors bring and get lies in a folder of its own (below ``$GRADIO_TEMP_DIR``, or the system's temporary one)
    that goes with the page.

    Args:
        predictor, model: what answers, and the folder that it came from.
        host: address to listen on; 0.0.0.0: all of this machine's.
        port: to listen on; None: the first free one from 7860.
        limit: largest upload, such as 2gb.
        show: in a browser on this machine.

    Raises:
        ThfmError: the port is taken, or the limit is no size.
    """
    if not re.fullmatch(r"0*[1-9]\d* ?[kmgt]?b", limit, re.IGNORECASE):
        raise ThfmError(f"--max-upload {limit} is no size: write such as 500mb.")
    with _folder() as kept, _environment(GRADIO_ANALYTICS_ENABLED="False", GRADIO_TEMP_DIR=str(kept / "files")):
        import gradio as gr  # not before: it makes folders when it is imported

        from train.serve.page import page

        folder = model.resolve()
        app = page(predictor, model, folder.parent.name if folder.name == "final" else folder.name, kept)
        try:
            _, address, _ = app.queue().launch(
                server_name=host,
                server_port=port,
                max_file_size=limit,
                inbrowser=show,
                theme=gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=_FONTS, font_mono=_MONO),
                footer_links=[],
                prevent_thread_lock=True,
                ssr_mode=False,
                share=False,
                quiet=True,
            )
        except OSError:
            raise ThfmError(f"no page can be opened at {host}, port {port or '7860 and on'}: name another.") from None
        try:
            yield address
        finally:
            app.close(verbose=False)


@contextmanager
def _folder() -> Iterator[Path]:
    """A new folder that is deleted in the end, whatever still writes to it."""
    place = os.environ.get("GRADIO_TEMP_DIR")
    with tempfile.TemporaryDirectory(prefix="thfm-serve-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """These variables for the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
