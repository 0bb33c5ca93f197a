#!/bin/bash
# Builds and tests all of the C client against a real daemon: check.sh. Needs cc, make, pkg-config, cJSON and libcurl, and the checkout built.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE HANGUP_COMMAND

step() { printf '== %s\n' "$*"; }

pkg-config --exists libcjson libcurl || {
  echo 'check.sh: needs cJSON and libcurl, with their headers (Debian: libcjson-dev, libcurl4-openssl-dev)' >&2
  exit 1
}

step "compile with $(cc --version | head -n 1)"
make -s -j2 all samples build/test/client_test build/test/conformance build/test/overhead
# The header is one of C++ too.
command -v c++ >/dev/null || echo 'as C++: not compiled, no c++ here'
! command -v c++ >/dev/null || printf '#include <hangup.h>\n' | c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ -
if command -v clang >/dev/null; then
  step "compile with $(clang --version | head -n 1)"
  make -s -j2 BUILD="$folder/clang" CC=clang all samples "$folder/clang/test/client_test" "$folder/clang/test/conformance"
fi

step 'samples'
for sample in build/samples/*; do
  timeout 60 "$sample" >"$folder/sample" || { cat "$folder/sample" && exit 1; }
  echo "ok $(basename "$sample")"
done

if command -v c++ >/dev/null && printf '#include <gtest/gtest.h>\n' | c++ -x c++ -fsyntax-only - 2>/dev/null; then
  step 'sample with GoogleTest'
  # shellcheck disable=SC2046 # Options, split at blanks.
  c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -o "$folder/gtest" samples/gtest.cc build/libhangup.a \
    -lgtest_main -lgtest $(pkg-config --libs libcjson) -pthread
  timeout 60 "$folder/gtest" --gtest_brief=1
else
  step 'sample with GoogleTest: not compiled, no gtest here'
fi

step 'tests'
timeout 280 build/test/client_test "$root" 2>"$folder/said" || { cat "$folder/said" && exit 1; }

step 'tests with the address and undefined behaviour sanitizers'
make -s -j2 BUILD="$folder/sanitized" CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined' "$folder/sanitized/test/client_test"
timeout 280 "$folder/sanitized/test/client_test" "$root" >"$folder/tests" 2>"$folder/said" || { cat "$folder/tests" "$folder/said" && exit 1; }
tail -n 1 "$folder/tests"

step 'scenarios'
"$root/bin/hangup.cjs" run -- ./conformance.sh "$root/test/conformance/scenarios/scenarios.json" >"$folder/scenarios"
echo "$(($(wc -l <"$folder/scenarios") - 1)) run"

step 'overhead, quickly'
./overhead.sh --quick

step 'the first sample of the README, in an empty folder'
ln -s "$root" "$folder/hangup"
mkdir "$folder/project"
# The blocks of the README, in their order: sh, c, sh.
awk -v to="$folder/project" '
  /^```/ && !inside { inside = 1; count++; file = to "/block" count; language[count] = substr($0, 4); next }
  /^```/ { inside = 0; if (count == 3) exit; next }
  inside { print > file }' README.md
cd "$folder/project"
mv block2 reset_test.c
timeout 120 bash -eu -c '. ./block1 >make.log && . ./block3'
echo 'ok'
