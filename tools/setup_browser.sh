#!/usr/bin/env bash
# Sees to a Chromium for the tests of pages: the system's, else Debian's by apt, else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."

type -P chromium chromium-browser google-chrome >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing chromium with apt-get"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null && exit 0
fi
.venv/bin/playwright install chromium || {
  echo "error: the tests of pages need a browser; install it, then run make again: sudo apt-get install chromium" >&2
  exit 1
}
