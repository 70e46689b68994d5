"""The page in a real browser, opened by the command that users give."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from typer.testing import CliRunner

from synth.conventions import ThfmError
from tests.train.inference.saved import moving, save_tiny, write_video
from train.cli import app
from train.inference import Predictor
from train.inference.video_io import open_source, read
from train.serve import serve

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("served") / "walkers" / "final")


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = tmp_path_factory.mktemp("kept")
    command = [sys.executable, "-m", "train.cli", "serve", str(folder.parent), "--device", "cpu"]
    env = os.environ | {"GRADIO_TEMP_DIR": str(kept)}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    line = server.stdout.readline()
    found = re.search(r"answers at (http://127\.0\.0\.1:\d+/)", line)
    assert found, line + server.stderr.read()
    yield found[1]
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert server.returncode == 0 and "Traceback" not in out + err
    assert not list(kept.iterdir()), "what visitors brought outlives the page"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)  # None: the one that Playwright fetched
    with sync_playwright() as play, play.chromium.launch(executable_path=path, args=list(FLAGS)) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    expect(page.get_by_role("heading", name="What the model sees")).to_be_visible()
    yield page
    page.close()
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert not elsewhere, "the page asks machines that are not ours"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    times = [Fraction(n, 10) for n in range(12)]
    return write_video(tmp_path_factory.mktemp("film") / "walk in.mp4", moving(12, 48, 64), times)


def drop(page: Page, video: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(video)
    expect(page.locator("video").first).to_be_visible()


def ask(page: Page) -> None:
    page.get_by_role("button", name="Answer", exact=True).click()


def choose(page: Page, *names: str) -> None:
    """Just these tasks."""
    for box in page.locator("fieldset").get_by_role("checkbox").all():
        label = box.evaluate("box => box.closest('label').innerText").strip()
        box.set_checked(label in names)


def test_a_dropped_video_is_answered_as_the_predictor_does(page: Page, folder: Path, video: Path) -> None:
    expect(page.get_by_text("walkers")).to_be_visible()
    drop(page, video)
    choose(page, "depth", "keypoints2d")
    page.get_by_label("Files of every frame too").check()
    ask(page)
    expect(page.get_by_text("12 frames: depth, keypoints2d")).to_be_visible(timeout=60_000)

    film = page.locator("video").last
    film.evaluate("film => film.readyState >= 2 || new Promise(done => film.onloadeddata = done)")
    seconds, width, height = film.evaluate("film => [film.duration, film.videoWidth, film.videoHeight]")
    assert abs(seconds - 1.2) < 0.11 and width > 2.5 * height  # three panels side by side

    with page.expect_download() as caught:
        page.get_by_role("button", name="Download all files").click()
    files = zipfile.ZipFile(io.BytesIO(Path(caught.value.path()).read_bytes()))
    points = np.load(io.BytesIO(files.read("keypoints2d.npz")))["keypoints2d"]
    frames = np.stack([picture.rgb for picture in read(open_source(str(video)))])
    truth = Predictor.from_pretrained(folder, device="cpu")(frames, ["keypoints2d"])
    np.testing.assert_allclose(points, truth["keypoints2d"]["keypoints2d"], atol=1e-3)
    assert sum(bool(re.fullmatch(r"depth/\d{6}\.png", name)) for name in files.namelist()) == 12
    assert not any("normals" in name for name in files.namelist())


def test_without_a_video_or_a_task_it_says_what_to_do(page: Page, video: Path) -> None:
    ask(page)
    expect(page.get_by_text("Drop a video first.")).to_be_visible()
    drop(page, video)
    choose(page)
    ask(page)
    expect(page.get_by_text("choose at least one task.")).to_be_visible()


def test_a_file_that_is_no_video_is_named(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "notes.mp4"
    bad.write_bytes(b"not a film " * 500)
    page.locator("input[type=file]").first.set_input_files(bad)
    page.wait_for_timeout(500)
    ask(page)
    expect(page.get_by_text(re.compile("notes.mp4.*(video|picture)"))).to_be_visible()
    assert not page.get_by_text("/tmp").count(), "where the server keeps it is nobody's business"


def test_stop_ends_a_long_question_and_the_next_one_is_answered(page: Page, video: Path, tmp_path: Path) -> None:
    long = write_video(tmp_path / "long.mp4", moving(600, 48, 64), [Fraction(n, 30) for n in range(600)])
    drop(page, long)
    ask(page)
    expect(page.get_by_text(re.compile(r"\d+/600")).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible(timeout=30_000)
    choose(page, "matte")
    page.get_by_role("button", name="Clear").first.click()
    drop(page, video)
    ask(page)
    expect(page.get_by_text("12 frames: matte")).to_be_visible(timeout=60_000)


def test_without_gradio_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "train.serve.page", raising=False)
    done = CliRunner().invoke(app, ["serve", str(folder), "--device", "cpu"])
    assert done.exit_code == 1 and "pip install 'thfm[serve]'" in done.output


@pytest.mark.parametrize(("given", "said"), [({"port": None}, "--max-upload"), ({"limit": "1gb"}, "port")])
def test_what_cannot_be_opened_is_told_with_the_remedy(address: str, folder: Path, given: dict, said: str) -> None:
    taken = int(address.rstrip("/").rpartition(":")[2])
    options = {"host": "127.0.0.1", "port": taken, "limit": "a lot", "show": False} | given
    with (
        pytest.raises(ThfmError, match=said),
        serve(Predictor.from_pretrained(folder, device="cpu"), folder, **options),
    ):
        pass
