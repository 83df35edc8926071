#!/usr/bin/env bash
# Prints a Python that has what bench/requirements.lock names; installs it first, once, beside the other tools.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TROUPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/troupe}/tools"
venv="$tools/bench-$(cksum <bench/requirements.lock | cut -d ' ' -f 1)"
if [ ! -e "$venv/ready" ]; then
  uv=$(command -v uv || ls "$tools"/uv-*/venv/bin/uv | tail -n 1)
  rm -rf "$venv"
  "$uv" venv --quiet --python "$(command -v python3)" "$venv" >&2
  VIRTUAL_ENV="$venv" "$uv" pip sync --quiet --require-hashes bench/requirements.lock >&2
  touch "$venv/ready"
fi
echo "$venv/bin/python"
