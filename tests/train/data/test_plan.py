"""The order of samples: exact shares, passes without loss or repeat, and a position that says it all."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from synth.conventions import ThfmError
from train.data.config import DataConfig
from train.data.index import Index
from train.data.plan import build_plan, nearest_size, span


@dataclass(frozen=True)
class Asked:
    fields: tuple[str, ...] = ()
    ratio: float = 1.0


def made_up(name: str, count: int, frames=81, height=480, width=832, lacking=()) -> Index:
    """An index of clips that nobody reads. ``lacking`` maps fields to the clips that do not have them."""
    members = ("depth.mkv", "matte.mkv", "meta.json", "rgb.mp4")
    places = np.zeros((count, 4, 2), np.int64)
    for field, clips in dict(lacking).items():
        places[list(clips), members.index(f"{field}.mkv")] = -1
    full = [np.broadcast_to(np.int32(v), count).copy() for v in (frames, height, width)]
    keys = tuple(f"{name}-{i}" for i in range(count))
    return Index(name, ("a.tar",), np.zeros(count, np.int32), keys, *full, np.full(count, 24.0), members, places)


def config(indexes, weights=None, **more) -> DataConfig:
    weights = weights or [1] * len(indexes)
    sources = [{"url": "x", "name": i.name, "weight": w} for i, w in zip(indexes, weights, strict=True)]
    return DataConfig(sources=sources, **({"lengths": [{"frames": 81}]} | more))


def plan_of(indexes, requests=None, weights=None, seed=0, **more):
    requests = requests or {"depth": Asked(("depth",))}
    return build_plan(config(indexes, weights, **more), indexes, requests, seed)


def run(plan, batches, size, state=None):
    """Draws of some batches, and the state after each, which went through JSON."""
    state, out, states = state or plan.begin(), [], []
    for _ in range(batches):
        draws, state = plan.next_batch(state, size)
        state = json.loads(json.dumps(state))
        out.append(draws)
        states.append(state)
    return out, states


def flat(batches):
    return [draw for batch in batches for draw in batch]


def test_every_clip_once_a_pass_in_another_order_each_time():
    plan = plan_of([made_up("a", 20)])
    clips = [d.clip for d in flat(run(plan, 20, 5)[0])]
    passes = [clips[i : i + 20] for i in range(0, 100, 20)]
    assert all(sorted(p) == list(range(20)) for p in passes)
    assert len({tuple(p) for p in passes}) == 5
    assert clips != [d.clip for d in flat(run(plan_of([made_up("a", 20)], seed=1), 20, 5)[0])]


def test_a_state_anywhere_goes_on_as_if_nothing_had_been():
    indexes = [made_up("a", 30), made_up("b", 11, frames=100), made_up("c", 9, frames=1, height=832, width=480)]
    plan = plan_of(
        indexes, {"depth": Asked(("depth",)), "matte": Asked(("matte",), 2.0)}, [1, 2, 1],
        lengths=[{"frames": 1, "share": 1, "multiple": 3}, {"frames": 41, "share": 3}], strides={1: 3, 2: 1},
    )  # fmt: skip
    whole, states = run(plan, 40, 4)
    for stop in (1, 7, 23, 39):
        rest, _ = run(plan, 40 - stop, 4, states[stop - 1])
        assert rest == whole[stop:]
    assert len(json.dumps(states[-1])) < 4000


def test_another_number_of_ranks_loses_and_repeats_nothing():
    plan = plan_of([made_up("a", 24)])
    first, states = run(plan, 3, 2 * 2)  # 2 ranks of 2
    second, _ = run(plan, 2, 3 * 2, states[-1])  # 3 ranks of 2
    clips = [d.clip for d in flat(first) + flat(second)]
    assert len(clips) == 24 and sorted(clips) == list(range(24))
    numbers = [d.number for d in flat(first) + flat(second)]
    assert numbers == list(range(24))


def test_batches_of_another_size_bring_the_same_samples_for_the_same_tasks():
    requests = {"depth": Asked(("depth",)), "matte": Asked(("matte",), 2), "rgb": Asked(())}
    plan = plan_of([made_up("a", 24), made_up("b", 7)], requests)
    assert flat(run(plan, 12, 2)[0]) == flat(run(plan, 6, 4)[0]) == flat(run(plan, 3, 8)[0])


def test_shares_are_exact_at_every_moment():
    indexes = [made_up("a", 500), made_up("b", 40), made_up("c", 7)]
    requests = {"depth": Asked(("depth",), 5), "matte": Asked(("matte",), 3), "rgb": Asked((), 2)}
    lengths = [{"frames": 1, "share": 0.25}, {"frames": 81, "share": 0.75}]
    draws = flat(run(plan_of(indexes, requests, [6, 3, 1], lengths=lengths), 500, 4)[0])
    for shares, of in (({"a": 0.6, "b": 0.3, "c": 0.1}, "source"), ({1: 0.25, 81: 0.75}, "frames")):
        counts = Counter()
        for number, draw in enumerate(draws, 1):
            counts[indexes[draw.source].name if of == "source" else draw.frames] += 1
            slack = 8 if of == "frames" else 3  # a batch has one length; each length has its own sources
            assert all(abs(counts[k] - s * number) < slack for k, s in shares.items())
    tasks = {name: Counter(d.task for d in draws if indexes[d.source].name == name) for name in "abc"}
    for name, counts in tasks.items():  # nor do the lanes keep step: every source gets every task in its share
        total = sum(counts.values())
        assert all(abs(counts[t] - s * total) < 4 for t, s in (("depth", 0.5), ("matte", 0.3), ("rgb", 0.2))), name


def test_sources_and_tasks_do_not_keep_step_with_ranks():
    requests = {"depth": Asked(("depth",)), "matte": Asked(("matte",))}
    batches, _ = run(plan_of([made_up("a", 50), made_up("b", 50)], requests), 200, 2)
    seen = Counter((d.source, d.task) for batch in batches for d in batch[:1])  # what rank 0 of 2 sees
    assert len(seen) == 4 and min(seen.values()) > 20


def test_a_batch_is_of_one_bucket_and_clips_go_to_the_nearest_aspect():
    shapes = np.array([(480, 832), (500, 800), (832, 480), (600, 600), (640, 600), (100, 90)] * 10)
    index = made_up("a", 60, height=shapes[:, 0], width=shapes[:, 1])
    batches, _ = run(plan_of([index]), 120, 4)
    for batch in batches:
        assert len({(d.frames, d.height, d.width) for d in batch}) == 1
    sizes = ((480, 832), (832, 480), (624, 624))
    for draw in flat(batches):
        ratio = index.width[draw.clip] / index.height[draw.clip]
        off = [abs(np.log(w / h / ratio)) for h, w in sizes]
        assert (draw.height, draw.width) == sizes[int(np.argmin(off))]
    counts = Counter((b[0].height, b[0].width) for b in batches)
    assert counts == {(480, 832): 40, (832, 480): 20, (624, 624): 60}  # as often as there are such clips


def test_nearest_size_compares_ratios():
    sizes = ((100, 200), (200, 100))
    assert nearest_size(np.array([10, 10, 30]), np.array([11, 9, 10]), sizes).tolist() == [0, 1, 1]


def test_windows_lie_within_their_clips_and_use_all_of_them():
    index = made_up("a", 40, frames=np.tile([9, 10, 17, 33], 10))
    draws = flat(run(plan_of([index], lengths=[{"frames": 9}], strides={1: 1, 2: 1, 4: 2}), 500, 4)[0])
    for draw in draws:
        assert draw.start >= 0 and draw.start + span(9, draw.step) <= index.frames[draw.clip]
    by_length = {n: Counter(d.step for d in draws if index.frames[d.clip] == n) for n in (9, 10, 17, 33)}
    assert set(by_length[9]) == set(by_length[10]) == {1}
    assert abs(by_length[17][2] / by_length[17].total() - 1 / 2) < 0.1 and 4 not in by_length[17]
    assert abs(by_length[33][4] / by_length[33].total() - 1 / 2) < 0.1
    assert {d.start for d in draws if index.frames[d.clip] == 33 and d.step == 1} == set(range(25))


def test_clips_are_drawn_for_what_they_have():
    index = made_up("a", 20, lacking={"depth": range(5), "matte": range(3, 10)})
    draws = flat(run(plan_of([index], {"depth": Asked(("depth",)), "matte": Asked(("matte",))}), 400, 1)[0])
    tasks = {clip: {d.task for d in draws if d.clip == clip} for clip in range(20)}
    assert all(tasks[c] == {"matte"} for c in range(3)) and all(tasks[c] == {"depth"} for c in range(5, 10))
    assert all(not tasks[c] for c in (3, 4)) and all(tasks[c] == {"depth", "matte"} for c in range(10, 20))
    counts = Counter(d.clip for d in draws)
    assert max(counts.values()) - min(counts.values()) <= 1  # a pass has 18 clips


def test_clips_that_are_too_short_wait_for_shorter_batches():
    indexes = [made_up("images", 10, frames=1), made_up("videos", 10)]
    lengths = [{"frames": 1, "share": 1}, {"frames": 81, "share": 1}]
    draws = flat(run(plan_of(indexes, lengths=lengths), 100, 2)[0])
    assert Counter((d.frames, d.source) for d in draws) == {(1, 0): 50, (1, 1): 50, (81, 1): 100}


def test_changed_choices_begin_anew_and_others_go_on():
    a, b = made_up("a", 10), made_up("b", 10)
    _, states = run(plan_of([a, b]), 3, 4)
    draws = flat(run(plan_of([a, b, made_up("c", 10)], weights=[1, 1, 2]), 6, 4, states[-1])[0])
    assert abs(Counter(d.source for d in draws)[2] - 12) <= 2  # no rush to make up for the past
    again = [d.clip for d in flat(run(plan_of([a, b]), 3, 4)[0]) if d.source == 0]
    later = [d.clip for d in draws if d.source == 0]
    assert sorted((again + later)[:10]) == list(range(10))
    grown = flat(run(plan_of([made_up("a", 12), b]), 6, 4, states[-1])[0])
    assert sorted([d.clip for d in grown if d.source == 0][:12]) == list(range(12))


def test_variants_come_again():
    plan = plan_of([made_up("a", 6, frames=200)], variants=3)
    draws = flat(run(plan, 60, 3)[0])
    for clip in range(6):
        seen = [(d.start, d.seed) for d in draws if d.clip == clip]
        assert len(set(seen)) == 3 and seen[:3] * 10 == seen
    free = flat(run(plan_of([made_up("a", 6, frames=200)]), 60, 3)[0])
    assert len({d.seed for d in free}) == 180


def test_a_replacement_is_the_next_clip_of_the_pass_that_serves_the_task():
    index = made_up("a", 12, lacking={"depth": range(6)})
    plan = plan_of([index], {"depth": Asked(("depth",)), "rgb": Asked()})
    draws = flat(run(plan, 12, 1)[0])
    order = [d.clip for d in draws]
    for draw in draws:
        others = order[draw.place + 1 :] + order[: draw.place + 1]
        able = [c for c in others if draw.task == "rgb" or c >= 6]
        assert [plan.instead(draw, attempt).clip for attempt in (1, 2)] == able[:2]
        assert plan.instead(draw, 1).task == draw.task and plan.instead(draw, 1).number == draw.number


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(ThfmError, match="no clip has the fields of task normals .normals.: add data"):
        plan_of([made_up("a", 3)], {"depth": Asked(("depth",)), "normals": Asked(("normals",))})
    with pytest.raises(ThfmError, match="has 81 frames or more, the longest clip has 50"):
        plan_of([made_up("a", 3, frames=50)])
    with pytest.raises(ThfmError, match="no task is drawn"):
        plan_of([made_up("a", 3)], {"depth": Asked(ratio=0)})
