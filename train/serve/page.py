"""What the visitor sees, and what happens on a click."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from synth.conventions import ThfmError
from train.inference.predictor import Predictor
from train.serve.answer import answer

_LOOKED_AFTER, _OLD = 60, 3540  # seconds: how often old files are looked for, and how old they may be


class Stopped(Exception):
    """The visitor wants no answer any more."""


class Stops:
    """Which visitors' questions are to end."""

    def __init__(self) -> None:
        self._events: dict[str, threading.Event] = {}

    def begin(self, visitor: str) -> threading.Event:
        """A new question's event."""
        self._events[visitor] = threading.Event()
        return self._events[visitor]

    def stop(self, visitor: str) -> None:
        """End the question that is being answered, if there is one."""
        if visitor in self._events:
            self._events[visitor].set()

    def forget(self, visitor: str) -> None:
        """The visitor is gone."""
        self.stop(visitor)
        self._events.pop(visitor, None)


def page(predictor: Predictor, model: Path, title: str, work: Path) -> gr.Blocks:
    """The page of one model; questions are answered one after another.

    Args:
        predictor, model: what answers, and the folder that it came from.
        title: of the model.
        work: a folder for answers while they are made; finished ones lie with Gradio, for an hour at most.

    Returns:
        An app that is not launched.
    """
    stops = Stops()

    def ask(
        video: str | None,
        tasks: list[str],
        files: bool,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 -- where Gradio looks for it
    ) -> Iterator[tuple[Any, ...]]:
        if video is None:
            raise gr.Error("Drop a video first.", print_exception=False)
        stopped = stops.begin(request.session_hash)

        def told(done: int, total: int | None) -> None:
            if stopped.is_set():
                raise Stopped
            progress((done, total), desc="Frames", unit="frames")

        with tempfile.TemporaryDirectory(prefix="answer-", dir=work) as place:
            try:
                got = answer(predictor, model, Path(video), tasks, Path(place), files=files, progress=told)
            except Stopped:
                yield None, gr.skip(), "Stopped."
                return
            except ThfmError as error:
                raise gr.Error(str(error), duration=None, print_exception=False) from None
            said = ". ".join([f"{got.frames} frames: {', '.join(tasks)}", *filter(None, [got.note])])
            # Gradio copies what is yielded before it asks for more, and then the folder goes.
            yield str(got.film), gr.DownloadButton(value=str(got.files) if got.files else None, visible=files), said

    def end(request: gr.Request) -> None:
        stops.stop(request.session_hash)

    def leave(request: gr.Request) -> None:
        stops.forget(request.session_hash)

    length, sizes = max(predictor.frames), ", ".join(f"{width} × {height}" for height, width in predictor.sizes)
    with gr.Blocks(title=f"{title} · THFM", delete_cache=(_LOOKED_AFTER, _OLD), analytics_enabled=False) as app:
        gr.Markdown(
            f"# What the model sees\n**{title}** answers in one pass for every {length} frames, at {sizes} pixels, "
            f"on {predictor.device}. Longer videos and other sizes are seen to."
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                video = gr.Video(label="Video", sources=["upload"], buttons=[], height=320)
                tasks = gr.CheckboxGroup(
                    [(name.replace("_", " "), name) for name in predictor.tasks],
                    value=predictor.chosen(None),
                    label="Tasks",
                )
                files = gr.Checkbox(
                    False, label="Files of every frame too", info="As thfm-train predict writes them, in a zip"
                )
                with gr.Row():
                    go = gr.Button("Answer", variant="primary")
                    stop = gr.Button("Stop")
            with gr.Column(scale=4, min_width=320):
                film = gr.Video(
                    label="Answer", show_label=False, autoplay=True, loop=True, buttons=["download"], interactive=False
                )
                said = gr.Markdown(container=False)
                archive = gr.DownloadButton("Download all files", visible=False)
        go.click(ask, [video, tasks, files], [film, archive, said], concurrency_limit=1, api_name="answer")
        stop.click(end, queue=False, api_visibility="private")
        app.unload(leave)
    return app
