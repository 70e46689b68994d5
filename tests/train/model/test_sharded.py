"""FSDP2 on every block and the whole: the same answers, gradients and folder."""

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from tests.train.model.tiny import GROUPS, tiny_config, tiny_inputs, tiny_model
from train.model import build_codec, load_folder, save_folder

ALL, FAMILIES = tuple(GROUPS), ("wan", "ltx")


def loss(answer):
    return answer.video.square().mean() + sum(x.square().mean() for x in answer.sparse.values())


def shard(model, mesh, **options):
    for block in getattr(model.backbone.transformer, model.backbone.blocks):
        fully_shard(block, mesh=mesh, **options)
    return fully_shard(model, mesh=mesh, **options)


def _check(family, rank, mesh, folder):
    latents, text, frames = tiny_inputs(batch=4)
    plain = tiny_model(family).train()
    whole = plain(latents, text, frames, ALL)
    loss(whole).backward()
    expected = {name: p.grad for name, p in plain.named_parameters()}

    model = shard(tiny_model(family).train(), mesh)
    model.backbone.transformer.enable_gradient_checkpointing()
    mine = slice(rank * 2, rank * 2 + 2)
    loss(model(latents[mine], text[mine], frames, ALL)).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad.full_tensor(), expected[name], atol=1e-6, rtol=1e-3)

    # One rank has tokens, the other none: both still reduce the same parameters.
    model.zero_grad()
    loss(model(latents[mine], text[mine], frames, ALL if rank == 0 else ())).backward()
    assert all(p.grad is not None for p in model.parameters())

    model.velocity(latents[mine], torch.rand(2), text[mine])
    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank == 0:
        config = tiny_config(family)
        save_folder(model, build_codec(config), {}, config, folder / family, state=state)

    policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32, cast_forward_inputs=False)
    half = shard(tiny_model(family), mesh, mp_policy=policy)(latents[mine], text[mine], frames, ALL)
    assert half.video.dtype == torch.bfloat16
    torch.testing.assert_close(half.video.float(), whole.video[mine], atol=0.05, rtol=0.1)


def _rank(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'store'}", rank=rank, world_size=2)
    for family in FAMILIES:
        _check(family, rank, init_device_mesh("cpu", (2,)), folder)
    dist.barrier()
    dist.destroy_process_group()


def test_sharded_is_whole(tmp_path):
    torch.multiprocessing.spawn(_rank, (tmp_path,), 2)
    for family in FAMILIES:
        answer, expected = (m(*tiny_inputs(), ALL) for m in (load_folder(tmp_path / family)[0], tiny_model(family)))
        assert torch.equal(answer.video, expected.video)
        assert all(torch.equal(answer.sparse[name], expected.sparse[name]) for name in ALL)
