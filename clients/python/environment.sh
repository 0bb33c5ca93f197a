#!/usr/bin/env bash
# Makes .venv, with this package and the tools that pyproject.toml pins, where it is not up to date; prints its Python.
set -euo pipefail
cd "$(dirname "$0")"
python=$PWD/.venv/bin/python
if ! cmp -s pyproject.toml .venv/pyproject.toml; then
  rm -rf .venv
  python3 -m venv .venv
  "$python" -m pip install --quiet --disable-pip-version-check --editable '.[dev]' >&2
  cp pyproject.toml .venv/
fi
echo "$python"
