#!/usr/bin/env bash
# The whole loop on this machine, in a few minutes: two people's made-up year becomes a released model.
# Asks nothing. Leaves the local stack up.
set -euo pipefail
cd "$(dirname "$0")/.."
persona=angela-demo

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || step() { printf '\n== %s\n' "$*"; }

step 'Tools and servers'
bash temporal-dev/setup.sh --to-run
./troupe up

step 'A base model, trained from nothing on the talk of other people (once, then cached)'
tools="${TROUPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/troupe}/tools/bin"
"$tools/trainer-python" trainer-py/tiny_base.py --if-missing

step "A source database with a year of two people's life"
node=$(ls node_modules/node-linux-*/bin/node 2>/dev/null | head -n 1 || command -v node)
"$node" scripts/make-world.ts

step "Release $persona: snapshot, dataset, training, merge, Ollama, evaluation"
code=0
./troupe run "$persona" || code=$?

case $code in
  5)
    step 'What was measured'
    ./troupe status "$persona" --report || [ $? = 5 ] # 5 says that it waits
    step 'A person says yes'
    ./troupe approve "$persona" --by demo --wait | tail -n 4
    ;;
  0) ;;
  *) exit $code ;;
esac

step 'The base model and the release answer the same three prompts'
for prompt in 'เหนื่อยจัง ง่วงละ ฝันดีนะคะ' 'I had a long day at work.' 'ที่รัก กลับมามั้ยคะ'; do
  ./troupe chat "$persona" --beside base --prompt "$prompt"
done

step 'Now try'
cat <<TEXT
  ./troupe chat $persona                  talk to it
  ./troupe run $persona                   again: nothing changed, so nothing is done
  ./troupe releases $persona              what was released, when and by whom
  ./troupe explain $persona adapter       why a step ran, or was reused
  ./troupe rollback $persona              undo a release in seconds
  ./troupe plan angela                    a real persona: what its run would do
  ./troupe down                           stop everything
TEXT
./troupe status --links
