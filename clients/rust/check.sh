#!/usr/bin/env bash
# Checks the Rust client: generated code fresh, formatted, linted, documented, its tests, samples and scenarios against real
# daemons, and the README's first sample in an empty project. Needs Rust with rustfmt and clippy, Node, and `npm ci` and a
# build before. Installs nothing: it builds into target/, a temporary folder, and cargo's own cache.
set -euo pipefail
cd "$(dirname "$0")"
root=$(realpath ../..)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
unset HANGUP_ADDRESS HANGUP_COMMAND HANGUP_TOKEN HANGUP_TOKEN_FILE RUSTFLAGS
# One folder and one profile for all that is built here, so that what was built once is used again.
export CARGO_TARGET_DIR="$PWD/target" CARGO_PROFILE_DEV_DEBUG=false

say() { echo "== $*"; }

say "generated code is fresh"
./generate.sh "$fresh"
diff -r src/gen "$fresh/gen" || { echo "src/gen is stale: run clients/rust/generate.sh" >&2; exit 1; }

say "formatted"
cargo fmt --all --check

say "tests and samples"
cargo test --quiet --locked --test client --test samples
cargo test --quiet --locked --test parallel -- --test-threads=100

say "scenarios"
node "$root/scripts/languages.mjs" --check rust

say "linted"
cargo clippy --quiet --locked --workspace --all-targets -- --deny warnings

say "documented"
RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --no-deps --package hangup
cargo test --quiet --locked --doc

say "the README's first sample, in an empty project, with the packed crate"
# The block of a language that comes first.
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } inside && /^```$/ { exit } inside' README.md; }
cargo package --quiet --locked --allow-dirty --no-verify --package hangup
tar -xzf target/package/hangup-*.crate -C "$fresh"
mkdir "$fresh/project"
cd "$fresh/project"
cargo init --quiet --lib --vcs none --name project
cp "$OLDPWD/Cargo.lock" .
(cd "$OLDPWD" && block sh) | sed "s|../hangup/clients/rust|$(echo "$fresh"/hangup-*)|" >install.sh
grep -q "$fresh" install.sh
CARGO_TERM_QUIET=true bash -euo pipefail install.sh
mkdir tests
(cd "$OLDPWD" && block rust) >tests/hangup.rs
HANGUP_COMMAND="node $root/bin/hangup.cjs" cargo test --test hangup

say "all is well"
