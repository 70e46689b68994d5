"""Video to latent and back: the interface, the codec without weights, and what both kinds share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synth.conventions import ThfmError


class Codec(nn.Module, ABC):
    """Frozen; never trained. The first frame is a latent frame of its own, each other one holds ``temporal`` frames.

    Attributes:
        channels: C of a latent.
        spatial, temporal: pixels and frames a latent cell.
        loss_weights: (C,) by which dense losses weigh each channel's squared error; None: all alike.
    """

    channels: int
    spatial: int
    temporal: int
    loss_weights: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("loss_weights", None, persistent=False)

    @abstractmethod
    def encode(self, video: Tensor) -> Tensor:
        """(B, 3, T, H, W) in [-1, 1] -> (B, C, t, h, w) float32 latent, without noise.

        Raises:
            ThfmError: a size that latent cells do not fill.
        """

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """(B, C, t, h, w) -> (B, 3, T, H, W) float32, about [-1, 1], not clipped."""

    def latent_shape(self, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """(t, h, w) of a clip of that size.

        Raises:
            ThfmError: a size that latent cells do not fill.
        """
        if (frames - 1) % self.temporal:
            fit = frames - (frames - 1) % self.temporal
            raise ThfmError(
                f"{frames} frames do not fit the codec: give 1 + a multiple of {self.temporal}, such as {fit}."
            )
        for name, size in (("height", height), ("width", width)):
            if size % self.spatial:
                raise ThfmError(f"A {name} of {size} pixels does not fit the codec: give a multiple of {self.spatial}.")
        return 1 + (frames - 1) // self.temporal, height // self.spatial, width // self.spatial


class PatchCodec(Codec):
    """An orthonormal cosine transform of cells of temporal x spatial x spatial pixels and 3 colours; no weights.

    The first frame is encoded as if repeated, so its higher temporal frequencies are 0. Latents are the coefficients
    times 2 / sqrt(numbers in a cell), without an offset: the first channel is twice the mean of a cell, about unit
    std for typical video, and a squared error is the same in pixels and latents up to one factor. With all channels
    the round trip is exact.

    Args:
        spatial, temporal: cell.
        channels: keeps the lowest frequencies in space and time, three colours each; None keeps all.
        even: multiply channel k by 1 / (s + 0.02), s = 0.7 / (1 + 300 f^2) its usual std in video and f its frequency,
            so that all channels have a std of the same order, as the latents of pretrained backbones have. Without it
            the first channels drown all others in a backbone's first layer; edges then count little in its loss.
        pixel_loss: weigh channels so that the mean squared error of latents is 4 times that of pixels in [-1, 1], as
            far as the channels tell them. Where time is short, that puts shapes before edges.

    Raises:
        ThfmError: more channels than a cell has numbers.
    """

    def __init__(
        self,
        spatial: int = 8,
        temporal: int = 4,
        channels: int | None = None,
        even: bool = False,
        pixel_loss: bool = False,
    ):
        super().__init__()
        numbers = 3 * temporal * spatial * spatial
        if channels is not None and channels > numbers:
            raise ThfmError(f"A cell of {temporal} x {spatial} x {spatial} pixels has {numbers} channels: keep fewer.")
        self.spatial, self.temporal, self.channels = spatial, temporal, channels or numbers
        self.scale = 2 / math.sqrt(numbers)
        basis, frequency = _cosines((3, temporal, spatial, spatial))
        gain = 1 / (0.7 / (1 + 300 * frequency**2) + 0.02) if even else torch.ones(numbers)
        self.register_buffer("basis", basis[: self.channels], persistent=False)
        self.register_buffer("gain", self.scale * gain[: self.channels], persistent=False)
        if pixel_loss:
            self.loss_weights = self.channels / gain[: self.channels] ** 2

    @torch.no_grad()
    def encode(self, video: Tensor) -> Tensor:
        grid = self.latent_shape(*video.shape[2:])
        video = torch.cat([video[:, :, :1].expand(-1, -1, self.temporal - 1, -1, -1), video], 2).float()
        s = self.spatial
        cells = video.unflatten(4, (grid[2], s)).unflatten(3, (grid[1], s)).unflatten(2, (grid[0], self.temporal))
        cells = cells.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)  # B, t, h, w, numbers
        return (cells @ self.basis.T * self.gain).movedim(-1, 1).contiguous()

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        cells = latents.float().movedim(1, -1) / self.gain @ self.basis
        cells = cells.unflatten(4, (3, self.temporal, self.spatial, self.spatial)).permute(0, 4, 1, 5, 2, 6, 3, 7)
        video = cells.flatten(6, 7).flatten(4, 5).flatten(2, 3)
        first, rest = video[:, :, : self.temporal].mean(2, keepdim=True), video[:, :, self.temporal :]
        return torch.cat([first, rest], 2)


def _cosines(shape: tuple[int, int, int, int]) -> tuple[Tensor, Tensor]:
    """Orthonormal basis of arrays of ``shape`` (colour, time, row, column): (n, n), a row each, lowest frequency first;
    and the frequencies (n,), half cycles a pixel or frame.

    Colour is transformed like the other axes, so that grey comes first, but it is no frequency: normals and palettes
    need all of it.
    """
    basis, frequency = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for axis, n in enumerate(shape):
        k, x = torch.arange(n, dtype=torch.float64), torch.arange(n, dtype=torch.float64) + 0.5
        vectors = torch.cos(math.pi / n * k[:, None] * x) * math.sqrt(2 / n)
        vectors[0] /= math.sqrt(2)
        basis = torch.kron(basis, vectors)
        frequency = (frequency[:, None] + (k / n) ** 2 * (axis > 0)).flatten()
    order = torch.argsort(frequency, stable=True)
    return basis[order].float(), frequency[order].sqrt().float()


def valid_cells(valid: Tensor, codec: Codec) -> Tensor:
    """(B, T, H, W) bool -> (B, 1, t, h, w) float32: the share of each latent cell's pixels that are valid.

    Raises:
        ThfmError: a size that latent cells do not fill.
    """
    codec.latent_shape(*valid.shape[1:])
    share = F.avg_pool2d(valid.float(), codec.spatial)
    rest = share[:, 1:].unflatten(1, (-1, codec.temporal)).mean(2) if share.shape[1] > 1 else share[:, 1:]
    return torch.cat([share[:, :1], rest], 1)[:, None]
