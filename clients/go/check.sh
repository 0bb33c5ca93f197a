#!/usr/bin/env bash
# Checks the Go client: generated code fresh, modules tidy, formatted, vetted, linted; all tests and samples against a real
# daemon, with the race detector where there is a C compiler; the scenarios; the first sample of the README in an empty
# project. Needs Go, Node, `npm ci` and `npm run build` before. Installs nothing but into Go's own caches.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

# What the environment says of a daemon, or of a checkout, is not for what is checked here.
for variable in $(compgen -v HANGUP_); do unset "$variable"; done
export GOFLAGS=-buildvcs=false STATICCHECK_CACHE=$here/.staticcheck

step() { echo "== $* ($SECONDS s)"; }

step generated code is fresh
./generate.sh "$temp"
diff -r hangupv1 "$temp/hangupv1" || { echo "hangupv1 is stale: run clients/go/generate.sh" >&2; exit 1; }

step tidy, formatted, vetted
go mod tidy -diff
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet ./...

step staticcheck
go tool -modfile=lint/go.mod staticcheck ./...

race=-race
command -v "$(go env CC)" >/dev/null || { race=; echo "no C compiler: without the race detector"; }
step tests and samples $race
go test $race -count=1 -parallel 8 -timeout 150s ./...

step scenarios
./conformance.sh -check ../../test/conformance/scenarios/scenarios.json >/dev/null

step overhead
./overhead.sh --quick

step the first sample of the README, in an empty project
# As its reader has it: the checkout beside the project.
mkdir "$temp/project"
ln -s "$(realpath ../..)" "$temp/hangup"
block() { awk -v fence="\`\`\`$1" -v number="$2" '$0 == fence && ++seen == number { on = 1; next } $0 == "```" { on = 0 } on' README.md; }
block go 1 >"$temp/project/endings_test.go"
{ block sh 1; block sh 2; } >"$temp/sample.sh"
(cd "$temp/project" && bash -euxo pipefail ../sample.sh)

step done
