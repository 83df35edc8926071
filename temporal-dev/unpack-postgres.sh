#!/usr/bin/env bash
# Unpacks the PostgreSQL that pg0 carries into DIR/pg, so that the stack can run initdb and postgres itself.
# pg0 unpacks on its first start, and initdb refuses root, hence the other user and the throw-away database.
set -euo pipefail
into=$1
home="$into/home"
mkdir -p "$home"
run=()
if [ "$(id -u)" = 0 ]; then
  chown 65534:65534 "$home"
  run=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
pg0=$(find "$into/venv" -name 'pg0*' -type f -perm -u+x | grep -v '\.py$' | head -n 1)
HOME="$home" "${run[@]}" "$pg0" start --name unpack --port 0 --data-dir "$home/data" || true
