"""A trained model that answers about videos of any size and length."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from synth.conventions import ThfmError
from train.config import load_config
from train.inference.fields import kind_of, to_source
from train.inference.fit import Fit, Size
from train.inference.join import Joins
from train.inference.windows import Window, usual_overlap, windows
from train.model import Codec, ThfmModel, load_folder
from train.model.build import cast
from train.tasks import Task, build_tasks

Answers = dict[str, dict[str, np.ndarray]]
"""Task -> field -> array, as ``Task.decode`` names, shapes and types them."""


class Predictor:
    """Answers in one pass a window; all tasks of a window share one encoding of its frames.

    Args:
        model, codec, texts: as ``load_folder`` gives them.
        tasks: by name.
        frames: lengths of clips that the model was trained on.
        sizes: their (height, width).
        overlap: frames that windows of a long video share; None: a quarter of a window.
        device: where to compute; None: the first GPU, or the CPU.
        dtype: of the backbone's weights and arithmetic; None: as they are saved.

    Attributes:
        tasks: name -> task.
        frames, sizes, overlap: as above.

    Raises:
        ThfmError: lengths or sizes that the codec cannot take, an unknown device or dtype, a task without its prompt.
    """

    def __init__(
        self,
        model: ThfmModel,
        codec: Codec,
        texts: Mapping[str, Tensor],
        tasks: Mapping[str, Task],
        frames: Sequence[int],
        sizes: Sequence[Size],
        *,
        overlap: int | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
    ):
        for length in frames:
            for height, width in sizes:
                codec.latent_shape(length, height, width)
        for name, task in tasks.items():
            if task.prompt not in texts:
                raise ThfmError(f"the model's folder lacks the embedding of {task.prompt!r}, the prompt of {name}.")
        self.tasks: Mapping[str, Task] = dict(tasks)
        self.frames, self.sizes = tuple(sorted(frames)), tuple((int(h), int(w)) for h, w in sizes)
        self.overlap = usual_overlap(self.frames[-1]) if overlap is None else overlap
        if not 0 <= self.overlap < self.frames[-1]:
            raise ThfmError(f"an overlap of {self.overlap} frames is impossible: windows have {self.frames[-1]}.")
        self.device = _device(device)
        if dtype is not None:
            cast(model.backbone.transformer, _dtype(dtype))
        try:
            self.model, self.codec = model.to(self.device).eval(), codec.to(self.device).eval()
            self.texts = {name: texts[task.prompt][None].to(self.device) for name, task in self.tasks.items()}
        except RuntimeError as error:  # no such GPU, or none with that much memory
            raise ThfmError(
                f"the model cannot be put on {self.device} ({_line(error)}): name another device."
            ) from None

    @classmethod
    def from_pretrained(
        cls,
        folder: str | os.PathLike,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        frames: int | None = None,
        overlap: int | None = None,
        size: Size | None = None,
    ) -> Predictor:
        """What training wrote: RUN, or RUN/final.

        Args:
            folder: of a run or of a model.
            device, dtype, overlap: see the class.
            frames: length of the windows instead of those that the model was trained on.
            size: (height, width) instead of those that the model was trained on.

        Raises:
            ThfmError: no such folder, a run that has not ended, a model without tasks, impossible values.
        """
        folder = model_folder(folder)
        model, codec, texts, meta = load_folder(folder)
        if not meta["tasks"]:
            raise ThfmError(f"{folder} knows no task: it generates video. Train one with engine.objective=perceive.")
        lengths, sizes = ([frames] if frames else None), ([size] if size else None)
        if not (lengths and sizes):
            clips = trained_on(folder, meta)
            lengths, sizes = lengths or clips["frames"], sizes or clips["sizes"]
        tasks = build_tasks(meta["tasks"])
        return cls(model, codec, texts, tasks, lengths, sizes, overlap=overlap, device=device, dtype=dtype)

    def __call__(self, video: np.ndarray, tasks: Sequence[str] | None = None, *, fps: float | None = None) -> Answers:
        """Answers about a whole video.

        Args:
            video: (T, H, W, 3) uint8 sRGB.
            tasks: names; None: all that were trained.
            fps: frames a second, for callers that know it; no model so far is told.

        Returns:
            Task -> field -> what ``Task.decode`` gives for all T frames of H x W pixels: maps (T, H, W, ...), people
            (G, T, ...). Depth is relative: medians of the video, of its first window if it has several.

        Raises:
            ThfmError: an unknown task, or no such video.
        """
        video = np.asarray(video)
        if video.ndim != 4 or video.shape[-1] != 3 or video.dtype != np.uint8 or not video.size:
            raise ThfmError(f"a video must be (T, H, W, 3) uint8, got {video.shape} {video.dtype}.")
        names, answers = self.chosen(tasks), {}
        for t, frame in enumerate(self.stream(video, names)):
            for name, fields in frame.items():
                axis = 1 if self.tasks[name].sparse else 0
                for field, value in fields.items():
                    whole = answers.setdefault(name, {})
                    if field not in whole:
                        shape = (*value.shape[:axis], len(video), *value.shape[axis:])
                        whole[field] = np.empty(shape, value.dtype)
                    whole[field][(slice(None),) * axis + (t,)] = value
        return answers

    def chosen(self, tasks: Sequence[str] | None) -> list[str]:
        """Names of tasks, each once. Raises ThfmError for none, or one that the model does not know."""
        if tasks is None:
            return [name for name, task in self.tasks.items() if task.options.ratio > 0] or list(self.tasks)
        if not tasks:
            raise ThfmError(f"no task is named; the model knows {', '.join(self.tasks)}.")
        for name in tasks:
            if name not in self.tasks:
                raise ThfmError(f"the model knows no task {name!r}; it knows {', '.join(self.tasks)}.")
        return list(dict.fromkeys(tasks))

    def stream(
        self, frames: Iterable[np.ndarray], tasks: Sequence[str] | None = None, *, pixel_aspect: float = 1.0
    ) -> Iterator[Answers]:
        """Answers frame by frame; holds one window of answers, however long the video is.

        Args:
            frames: (H, W, 3) uint8 each, of one size.
            tasks: names; None: all that were trained.
            pixel_aspect: width / height of a pixel.

        Yields:
            For each frame task -> field -> array without the axis of time: maps (H, W, ...), people (G, ...).
        """
        names = self.chosen(tasks)
        fitted: list[Fit] = []

        def shown() -> Iterator[np.ndarray]:
            for frame in frames:
                if not fitted:
                    fitted.append(Fit.of(frame.shape[:2], self.sizes, pixel_aspect))
                yield fitted[0].shown(frame)

        joins = Joins({name: self.tasks[name] for name in names})
        for window in windows(shown(), self.frames, self.overlap):
            fit, keep = fitted[0], 0 if window.last else self.overlap
            latents = self._encoded(window)
            answered = {
                name: joins.add(name, self._answer(name, latents, window), window, keep, fit.model) for name in names
            }
            for t in range(window.stop - window.skip - keep):
                yield {name: self._frame(name, fields, t, fit) for name, fields in answered.items()}

    def _frame(self, name: str, fields: Mapping[str, np.ndarray], t: int, fit: Fit) -> dict[str, np.ndarray]:
        sparse = self.tasks[name].sparse
        return {
            field: to_source(kind_of(field, whole, sparse), whole[:, t] if sparse else whole[t], fit)
            for field, whole in fields.items()
        }

    @torch.no_grad()
    def _encoded(self, window: Window) -> Tensor:
        """(1, C, t, h, w) latents."""
        video = torch.from_numpy(window.frames[None]).to(self.device).movedim(-1, 1)
        return self.codec.encode(video.float() / 127.5 - 1).float()

    @torch.no_grad()
    def _answer(self, name: str, latents: Tensor, window: Window) -> np.ndarray:
        """(N, h, w, 3) about [0, 1], or (G, N, K), float32."""
        task = self.tasks[name]
        groups = [f"{name}.{g}" for g in range(task.groups)] if task.sparse else []
        answer = self.model(latents, self.texts[name], len(window.frames), groups)
        if task.sparse:
            return torch.stack([answer.sparse[group][0] for group in groups]).float().cpu().numpy()
        video = self.codec.decode(answer.video.float())[0].movedim(0, -1)
        return np.ascontiguousarray((video / 2 + 0.5).float().cpu().numpy())


def model_folder(folder: str | os.PathLike) -> Path:
    """The folder of the model of a run, or the folder itself. Raises ThfmError if there is no model."""
    folder = Path(folder)
    for candidate in (folder, folder / "final"):
        if (candidate / "thfm.json").is_file():
            return candidate
    if (folder / "config.yaml").is_file():
        raise ThfmError(f"{folder} has no final/ yet: training writes it at its end; go on with thfm-train fit.")
    raise ThfmError(f"{folder} holds no trained model: name what thfm-train fit wrote, RUN or RUN/final.")


def trained_on(folder: Path, meta: Mapping) -> Mapping[str, list]:
    """``frames`` and ``sizes`` of the clips that a model was trained on: the folder says so, or its run's config does.

    Raises:
        ThfmError: neither does.
    """
    if "clips" in meta:
        return meta["clips"]
    config = folder.parent / "config.yaml"
    if not config.is_file():
        raise ThfmError(f"{folder} does not say what clips it was trained on: give frames and size.")
    data = load_config(config).data
    return {"frames": [x.frames for x in data.lengths if x.share > 0], "sizes": [list(size) for size in data.sizes]}


def _device(device: str | torch.device | None) -> torch.device:
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(device)
    except RuntimeError:
        raise ThfmError(f"{device!r} is no device: name cpu, cuda or cuda:1.") from None


def _dtype(dtype: str | torch.dtype) -> torch.dtype:
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if found not in (torch.float32, torch.bfloat16, torch.float16):
        raise ThfmError(f"{dtype!r} is no dtype to predict in: name float32, bfloat16 or float16.")
    return found


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).split(". ")[0]
