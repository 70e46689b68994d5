"""A small data set of bare people with specs to filter by, its gallery from disk and served, and a real browser."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from synth import shards
from synth.gallery import write_gallery
from tests.conftest import environment, thfm_synth
from tests.preview.conftest import make_arrays

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FRAMES = 10  # more than a file of the gallery holds


def meta(people: int, move: str, caption: str, reasons: tuple[str, ...] = (), index: int = 0) -> dict:
    """What a clip of the generator tells, as far as galleries look at it."""
    person = {"gender": "female", "skin": "bare", "motion": {"name": "step"}, "clothes": [{"name": f"{move}_hat"}]}
    spec = {
        "people": [person] * people, "camera": {"move": move, "framing": "full_body"}, "width": 96, "height": 64,
        "light": {"hdri": "city", "time": "day"}, "scene": {"kind": "plain"}, "frames": FRAMES, "index": index,
    }  # fmt: skip
    qa = {"passed": not reasons, "reasons": list(reasons), "measures": {"person_pixels": 0.1 * people}}
    return {"caption": caption, "spec": spec, "qa": qa, "seeds": {"seed": 5, "index": index, "attempt": 0}}


REJECTED = "foot_slide: what stands on the floor slides at 0.4 m/s on average, worst in frame 3 (at most 0.2 m/s)."


def write_data_set(root: Path) -> Path:
    """Clips ``one`` and ``two`` in a shard, ``three`` (rejected, remade) in another, and a rejected draw."""
    one, two = make_arrays(FRAMES, 96, 64, (0.0,)), make_arrays(3, 96, 64, (-0.4, 0.4))
    told = [
        ("one", one, meta(1, "orbit", "a woman <steps> on the spot")),
        ("two", two, meta(2, "dolly", "two women step side by side", index=1)),
        ("three", two, meta(2, "orbit", "again", (REJECTED.replace("frame 3", "frame 2"),), 2)),
    ]
    members = [(key, shards.encode_clip(key, 12.5, arrays, about)) for key, arrays, about in told]
    shards.write_shard(root, "shard-000000", members[:2])
    draw = {"key": "four", "attempt": 1, "reasons": [REJECTED], "spec": meta(1, "pan", "", index=3)["spec"]}
    shards.write_shard(root, "shard-000001", members[2:], [draw])
    shards.build_manifest(root, {"seed": 5})
    return root


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("gallery") / "women")


@pytest.fixture(scope="session")
def clips(data_set: Path) -> dict[str, shards.Clip]:
    return {clip.key: clip for clip in shards.read_clips(data_set)}


@pytest.fixture(scope="session")
def site(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    page, shown, faults = write_gallery(data_set, out)
    assert shown == 3 and not faults
    return page


@pytest.fixture(scope="session")
def served(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the gallery that the command serves."""
    with serving(data_set, tmp_path_factory.mktemp("cache")) as address:
        yield address


class serving:  # noqa: N801  (used like a function)
    """``thfm-synth preview URL`` as a user runs it, ended as a user ends it."""

    def __init__(self, url: object, cache: Path):
        env = environment() | {"XDG_CACHE_HOME": str(cache)}
        command = thfm_synth("preview", url, "--no-browser")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def __enter__(self) -> str:
        line = self.process.stdout.readline()
        found = re.search(r"is at (http://127\.0\.0\.1:\d+/)", line)
        assert found, line + self.process.stderr.read()
        return found[1]

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0 and "Traceback" not in out + err, err


@pytest.fixture(scope="module")  # Playwright runs once at a time, and other tests want it too
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)  # None: the one that Playwright fetched
    with sync_playwright() as play, play.chromium.launch(executable_path=path, args=list(FLAGS)) as browser:
        yield browser


@pytest.fixture(params=["disk", "served"])
def address(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("site").as_uri() if request.param == "disk" else request.getfixturevalue("served")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page that must raise no error and ask no other machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(60_000)  # the first page of a clip is made while it is waited for
    faults, asked = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert not faults, faults
    assert all(url.startswith(("file:", "http://127.0.0.1:", "data:", "blob:")) for url in asked)
