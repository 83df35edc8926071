#!/usr/bin/env bash
# unpack-postgres.sh PG0 INTO: unpacks the PostgreSQL that the program PG0 carries into the folder INTO.
# PG0 unpacks on its first start only, and initdb refuses root: so it is started once, as nobody when root runs this,
# in a folder that is thrown away. What is unpacked runs from anywhere.
set -euo pipefail
pg0=$1 into=$2

# Not the home and not TMPDIR: nobody has to be able to walk there.
scratch=$(mktemp -d /tmp/troupe-postgres.XXXXXX)
cp "$pg0" "$scratch/pg0"
as=(env HOME="$scratch")
if [ "$(id -u)" = 0 ]; then
  chown -R 65534:65534 "$scratch"
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$scratch")
fi
cleanup() { "${as[@]}" "$scratch/pg0" stop --name unpack || true; rm -rf "$scratch"; }
trap cleanup EXIT

cd "$scratch"
"${as[@]}" "$scratch/pg0" start --name unpack --data-dir "$scratch/data"
unpacked=$(dirname "$(dirname "$(find "$scratch/.pg0/installation" -path '*/bin/postgres' -type f | head -n 1)")")
cp -R "$unpacked/." "$into/"
chmod -R a+rX "$into"
test -x "$into/bin/postgres"
test -e "$into/lib/vector.so" || test -e "$into/lib/vector.dylib"
