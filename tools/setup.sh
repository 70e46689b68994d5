#!/usr/bin/env bash
# Makes .venv with Python 3.11 and the pinned packages, and sees to the shared libraries that they need.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { if [ -t 1 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

suits() { # is $1 a Python 3.11 that can make virtual environments?
  [ -n "$1" ] && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

candidates() {
  printf '%s\n' "${PYTHON:-}"
  type -aP python3.11 python3 python 2>/dev/null || true
  if command -v pyenv >/dev/null; then # its shims need the home that they were made for; the versions themselves do not
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11*/bin/python "$(dirname "$(command -v pyenv)")"/../versions/3.11*/bin/python 2>/dev/null || true
  fi
  if command -v uv >/dev/null; then uv python find 3.11 2>/dev/null || true; fi
}

find_python() {
  local python
  while IFS= read -r python; do
    if suits "$python"; then printf '%s\n' "$python"; return; fi
  done < <(candidates)
  return 1
}

may_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() { # true once all packages of "$@" are installed
  may_apt || return 1
  say "Installing $* with apt-get"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null
}

fetch_python() { # by apt where the distribution has it, else by uv; prints where it is
  if may_apt && apt_install python3.11 python3.11-venv >&2 && find_python; then return; fi
  local uv any
  if ! uv=$(command -v uv); then
    any=$(type -P python3) && "$any" -m venv .venv-uv >/dev/null 2>&1 && .venv-uv/bin/python -m pip install -q uv >&2 || return 1
    uv=.venv-uv/bin/uv
  fi
  "$uv" python install 3.11 >&2 && "$uv" python find 3.11
}

if ! suits .venv/bin/python; then
  python=$(find_python) || python=$(fetch_python) ||
    fail "Python 3.11 with venv is needed (bpy's wheels are made for it): install it (Debian 12: sudo apt-get install python3.11 python3.11-venv; elsewhere, with uv: uv python install 3.11), or name it: make PYTHON=/path/to/python3.11 ..."
  say "Making .venv with $python"
  rm -rf .venv
  "$python" -m venv .venv
  rm -rf .venv-uv
fi

say "Installing the pinned packages into .venv (some minutes the first time; Blender and PyTorch are large)"
quiet=-q
[ -t 1 ] && quiet=
.venv/bin/python -m pip install $quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'

missing=$(.venv/bin/python tools/system_libraries.py)
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086 -- one word a package
  apt_install $missing || fail "shared libraries are missing; install them, then run make again: sudo apt-get install $(echo $missing)"
  missing=$(.venv/bin/python tools/system_libraries.py)
  [ -z "$missing" ] || fail "shared libraries are still missing after the installation: $(echo $missing)"
fi
