#!/bin/bash
# Tests all of the shell client against a real daemon: check.sh. Needs bash, curl, socat, and the checkout built; dash, shellcheck and bats where they are there, bats else from npm.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE HANGUP_COMMAND

step() { printf '== %s\n' "$*"; }

if command -v shellcheck >/dev/null; then
  step "lint with shellcheck $(shellcheck --version | sed -n 's/^version: //p')"
  shellcheck -s sh hangup.sh
  shellcheck -s dash hangup.sh
  shellcheck -x -P SCRIPTDIR ./*.sh samples/*.sh samples/*.bats test/*.sh
else
  step 'lint: not done, no shellcheck here'
fi

if ! command -v bats >/dev/null; then
  step 'bats from npm'
  npm install --silent --no-save --prefix "$folder/bats" bats@1.13.0
  PATH="$folder/bats/node_modules/.bin:$PATH"
fi

step 'samples'
for sample in samples/*.sh; do
  timeout 60 "$sample" >"$folder/said" 2>&1 || { cat "$folder/said" && exit 1; }
  echo "ok $(basename "$sample")"
done

step 'samples with bats, each with a daemon of its own, and with one for all'
timeout 120 bats samples
timeout 120 "$root/bin/hangup.cjs" run -- bats samples

at_once=500
for shell in dash bash; do
  if command -v $shell >/dev/null; then
    step "tests in $shell"
    timeout 280 $shell test/client_test.sh $shell "$root" "$at_once" 2>"$folder/said" || { cat "$folder/said" && exit 1; }
    at_once=100
  else
    step "tests in $shell: not done, it is not here"
  fi
done

step 'scenarios'
"$root/bin/hangup.cjs" run -- ./conformance.sh "$root/test/conformance/scenarios/scenarios.json" >"$folder/scenarios"
echo "$(($(wc -l <"$folder/scenarios") - 1)) run"

step 'the first sample of the README, in an empty folder'
ln -s "$root" "$folder/hangup"
mkdir "$folder/project"
# The blocks of the README, in their order: what to copy, the tests, how to run them.
awk -v to="$folder/project" '
  /^```/ && !inside { inside = 1; count++; file = to "/block" count; next }
  /^```/ { inside = 0; if (count == 3) exit; next }
  inside { print > file }' README.md
cd "$folder/project"
mv block2 reset.bats
timeout 120 bash -eu -c '. ./block1 && . ./block3'
