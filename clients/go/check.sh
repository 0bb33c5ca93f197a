#!/usr/bin/env bash
# Checks the Go client: generated code fresh, vetted, formatted, modules tidy, and the samples against a real daemon.
# Needs Go, Node and `npm ci` before. Installs nothing but into Go's own module cache.
set -euo pipefail
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

./generate.sh "$fresh"
diff -r hangupv1 "$fresh/hangupv1" || { echo "hangupv1 is stale: run clients/go/generate.sh" >&2; exit 1; }

go mod tidy -diff
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet ./...
go build -o "$fresh/" ./samples/...

for sample in samples/*/; do
  node ../../bin/hangup.cjs run -- "$fresh/$(basename "$sample")"
done
