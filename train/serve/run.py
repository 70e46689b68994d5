"""The page on a port."""

from __future__ import annotations

import os
from pathlib import Path

from synth.conventions import ThfmError
from train.inference.predictor import Predictor

_FONTS, _MONO = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")  # nothing is fetched from elsewhere


def serve(predictor: Predictor, model: Path, *, host: str, port: int | None, limit: str, show: bool) -> str:
    """Start the page; it answers in threads of its own for as long as the process lives.

    Args:
        predictor, model: what answers, and the folder that it came from.
        host: address to listen on; 0.0.0.0: all of this machine's.
        port: to listen on; None: the first free one from 7860.
        limit: largest upload, such as 2gb.
        show: in a browser on this machine.

    Returns:
        Its address.

    Raises:
        ThfmError: gradio is not installed, the port is taken, or the limit is no size.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio as gr
    except ImportError:
        raise ThfmError("the page needs gradio: pip install 'thfm[serve]'.") from None
    from train.serve.page import page

    folder = model.resolve()
    app = page(predictor, model, folder.parent.name if folder.name == "final" else folder.name)
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
    except ValueError:
        raise ThfmError(f"--max-upload {limit} is no size: write such as 500mb.") from None
    return address
