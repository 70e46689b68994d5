# make quickstart | demo | test | lint | format | help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help quickstart demo test lint format setup clean
# A caller's Python settings must not reach the project's own environment.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PYTHONNOUSERSITE := 1

BIN := .venv/bin
READY := .venv/ready
OUT := out/quickstart
MODEL := $(OUT)-model

help: ## show this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: $(READY) ## find Python 3.11, make .venv, install pinned versions and the system libraries of Blender

$(READY): pyproject.toml requirements.lock tools/setup.sh tools/system_libraries.py
	@bash tools/setup.sh
	@touch $(READY)

quickstart: $(READY) ## render, validate and show a small data set, and train a tiny model on it
	$(BIN)/thfm-synth generate configs/synth/quickstart.yaml --out $(OUT)
	$(BIN)/thfm-synth validate $(OUT)
	$(BIN)/thfm-synth preview $(OUT) --out $(OUT)-gallery
	$(BIN)/thfm-train fit configs/train/tiny.yaml --out $(OUT)-model

demo: $(READY) ## show what the quickstart's model (or MODEL=RUN) says about three openly licensed clips of real people
	$(BIN)/python tools/fetch_real_clips.py --out out/real-clips
	$(BIN)/thfm-train predict $(MODEL) out/real-clips/*.mp4 --film-only --out out/demo

test: lint ## lint, then all tests (some need a Chromium, which is installed if there is none)
	@bash tools/setup_browser.sh
	$(BIN)/python -m pytest -q

lint: $(READY) ## ruff and the import table
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(READY) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove .venv and out
	rm -rf .venv out
