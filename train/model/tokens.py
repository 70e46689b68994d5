"""Learned tokens that answer in numbers: one token a pixel frame and group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from synth.conventions import ThfmError
from train.model.backbone import Tokens

PATCH_CENTRE = (15.0, 26.0)  # where positions in patches start: the middle of 480 x 832, as GenCeption counts it


def frame_times(frames: int, latent_frames: int) -> Tensor:
    """Where pixel frames lie on the axis of latent frames: (frames,) float64.

    The first latent frame is pixel frame 0 alone; each other one covers r = (frames - 1) / (latent_frames - 1) pixel
    frames. So frame 0 lies at 0, frame f >= 1 at 0.5 + (f - 0.5) / r; without temporal compression, at f.

    Raises:
        ThfmError: several frames in one latent frame, which tells them not apart.
    """
    frame = torch.arange(frames, dtype=torch.float64)
    if frames == 1:
        return frame
    if latent_frames == 1:
        raise ThfmError(
            f"{frames} frames lie in one latent frame: give one frame, or enough for a second latent frame."
        )
    times = 0.5 + (frame - 0.5) * (latent_frames - 1) / (frames - 1)
    times[0] = 0.0
    return times


class TokenGroup(nn.Module):
    """One group: what its tokens are, where they start to look, and the head that reads them.

    Attributes:
        content: (D,), shared by all frames.
        position: (2,) row and column: as a fraction of the patch grid, 0 its first patch and 1 its last; with
            ``in_patches`` in patches from the first one, whatever the grid.
        scale, shift: (D,) after a LayerNorm without its own.
        head: linear, D -> K; starts with weight 0 and the given bias, so that the first answer is a constant.
    """

    def __init__(self, hidden: int, numbers: int, bias: float = 0.0, in_patches: bool = False, eps: float = 1e-6):
        super().__init__()
        self.in_patches, self.eps = in_patches, eps
        self.content = nn.Parameter(torch.randn(hidden) * 0.02)
        self.position = nn.Parameter(torch.tensor(PATCH_CENTRE if in_patches else (0.5, 0.5)))
        self.scale = nn.Parameter(torch.ones(hidden))
        self.shift = nn.Parameter(torch.zeros(hidden))
        self.head = nn.Linear(hidden, numbers)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, bias)

    def positions(self, frames: int, grid: tuple[int, int, int]) -> Tensor:
        """(frames, 3) float64 time, row, column in patches; differentiable in ``position``."""
        times = frame_times(frames, grid[0]).to(self.position.device)
        place = self.position.double()
        if not self.in_patches:
            place = place * torch.tensor([grid[1] - 1, grid[2] - 1], dtype=torch.float64, device=place.device)
        return torch.cat([times[:, None], place.expand(frames, 2)], 1)

    def read(self, features: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, K) in float32, under autocast too: in bfloat16 a keypoint moves by pixels."""
        device = features.device.type
        with torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext():
            features = F.layer_norm(features.float(), features.shape[-1:], eps=self.eps)
            features = features * self.scale.float() + self.shift.float()
            return F.linear(features, self.head.weight.float(), self.head.bias.float())


class TokenGroups(nn.Module):
    """All groups of a model, by name. Groups know nothing of each other.

    Args:
        hidden: D, width of the backbone's tokens.
        groups: {name: K}, numbers that a token of the group answers with; names may hold dots.
        bias: {name: value that the group's answers start at}; 0 where a name is missing.
        in_patches: positions are told in patches, not as fractions of the grid.
        eps: of the LayerNorm before a head.
    """

    def __init__(
        self,
        hidden: int,
        groups: Mapping[str, int],
        bias: Mapping[str, float] | None = None,
        in_patches: bool = False,
        eps: float = 1e-6,
    ):
        super().__init__()
        self.numbers = dict(groups)
        bias = bias or {}
        self.groups = nn.ModuleDict(
            {_key(n): TokenGroup(hidden, k, bias.get(n, 0.0), in_patches, eps) for n, k in groups.items()}
        )

    def __getitem__(self, name: str) -> TokenGroup:
        if name not in self.numbers:
            raise ThfmError(f"The model has no token group {name!r}; it has {', '.join(self.numbers) or 'none'}.")
        return self.groups[_key(name)]

    def take_trained(self, path: Path) -> list[str]:
        """Fill in the groups that a file of trained tokens holds too, in the same shapes; returns their names."""
        trained, taken = load_file(path), []
        for name in self.numbers:
            prefix, group = f"groups.{_key(name)}.", self[name]
            state = {key.removeprefix(prefix): x for key, x in trained.items() if key.startswith(prefix)}
            if {key: x.shape for key, x in state.items()} == {key: x.shape for key, x in group.state_dict().items()}:
                group.load_state_dict(state)
                taken.append(name)
        return taken

    def ask(self, names: Sequence[str], batch: int, frames: int, grid: tuple[int, int, int]) -> Tokens | None:
        """Tokens of the named groups for a batch, or None without names."""
        if not names:
            return None
        groups = [self[name] for name in names]
        content = torch.cat([g.content.expand(batch, frames, -1) for g in groups], 1)
        return Tokens(content, torch.cat([g.positions(frames, grid) for g in groups]), (frames,) * len(groups))

    def answer(self, names: Sequence[str], features: Tensor | None) -> dict[str, Tensor]:
        """Features (B, groups * T, D) of the named groups -> {name: (B, T, K) float32}."""
        if not names:
            return {}
        return {name: self[name].read(f) for name, f in zip(names, features.chunk(len(names), 1), strict=True)}

    def idle(self, names: Sequence[str]) -> Iterable[nn.Parameter]:
        """Parameters of the groups that are not named."""
        for name in self.numbers:
            if name not in names:
                yield from self[name].parameters()


def _key(name: str) -> str:
    """A module's name may hold no dot."""
    return name.replace(".", "-")
