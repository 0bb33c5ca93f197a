#!/usr/bin/env bash
# Checks the Python client: generated code fresh; formatted, linted, typed, of no newer Python than it says; all tests,
# samples and scenarios against a real daemon, with the oldest libraries that pyproject.toml allows (and Python 3.9, if it
# is there) and with the newest; the first sample of the README in an empty project. Needs Python 3.9+, Node, `npm ci` and
# `npm run build` before. Installs into .venv and a temporary folder only.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
temp=$(mktemp -d)
trap 'wait; rm -rf "$temp"' EXIT # an installation may be under way

# What the environment says of a daemon, or of a checkout, is not for what is checked here.
for variable in $(compgen -v HANGUP_); do unset "$variable"; done
unset PYTHONPATH PYTEST_ADDOPTS
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1

step() { echo "== $* ($SECONDS s)"; }
pinned() { grep -oE "\"$1==[^\"]+" pyproject.toml | tr -d '"'; }

step two environments
oldest=$temp/oldest/bin
{
  python=python3
  if python3.9 -c '' 2>/dev/null; then python=python3.9; fi
  "$python" -m venv "$temp/oldest"
  "$oldest/pip" install --quiet . 'grpcio==1.62.3' 'grpcio-tools==1.62.3' 'protobuf==4.25.*' \
    'googleapis-common-protos==1.63.0' "$(pinned pytest)" "$(pinned pytest-asyncio)" "$(pinned pytest-xdist)"
} &
installing=$!
newest=$(dirname "$(./environment.sh)")
"$newest/pip" install --quiet --upgrade grpcio protobuf googleapis-common-protos

step formatted, linted, typed
"$newest/ruff" format --check --quiet .
"$newest/ruff" check --quiet .
"$newest/mypy"
"$newest/vermin" --quiet --no-tips --target=3.9- src/hangup/*.py

wait "$installing"
step generated code is fresh
mkdir "$temp/src"
PYTHON="$oldest/python" ./generate.sh "$temp/src"
diff -r --exclude=__pycache__ src/hangup/v1 "$temp/src/hangup/v1" ||
  { echo "src/hangup/v1 is stale: run clients/python/generate.sh" >&2; exit 1; }

for libraries in "$oldest" "$newest"; do
  step tests, samples and scenarios: "$("$libraries/python" --version)" \
    "$("$libraries/pip" freeze | grep -E '^(grpcio|protobuf)==' | tr '\n' ' ')"
  # Warnings, also those of the generated code, are errors: they would be in our users' test runs.
  "$libraries/python" -m pytest -q -p no:cacheprovider --durations=3
done

step overhead
./overhead.sh --quick

step the first sample of the README, in an empty project
# As its reader has it: the checkout beside the project.
mkdir "$temp/project"
ln -s "$(realpath ../..)" "$temp/hangup"
block() { awk -v fence="\`\`\`$1" -v number="$2" '$0 == fence && ++seen == number { on = 1; next } $0 == "```" { on = 0 } on' README.md; }
block python 1 >"$temp/project/test_endings.py"
{ block sh 1; block sh 2; } >"$temp/sample.sh"
(cd "$temp/project" && bash -euxo pipefail ../sample.sh)
cd "$here"

step done
