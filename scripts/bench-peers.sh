#!/usr/bin/env bash
# Installs what `npm run bench` measures the daemon beside and is not in the checkout: Toxiproxy (needs Go), the other
# Node, and a Python environment with grpcio. Into node_modules/.cache/bench or $HANGUP_BENCH_CACHE; what is there stays.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${HANGUP_BENCH_CACHE:-$PWD/node_modules/.cache/bench}
mkdir -p "$cache/bin"

# `latest` would be an old one: the releases after 2.1.4 are tagged for the module path with /v2.
readonly toxiproxy_version=v2.12.0
if ! go version -m "$cache/bin/toxiproxy-server" 2>/dev/null | grep -qE "toxiproxy/v2\s+$toxiproxy_version\b"; then
  GOBIN=$cache/bin go install "github.com/Shopify/toxiproxy/v2/cmd/server@$toxiproxy_version"
  mv "$cache/bin/server" "$cache/bin/toxiproxy-server"
fi

package=$(node -p '`node-${process.platform}-${process.arch}`')
for major in 20 24; do
  [ "$(node -p 'process.versions.node.split(".")[0]')" = $major ] && continue
  [ -x "$cache/node-$major/node_modules/$package/bin/node" ] && continue
  npm install --silent --no-save --prefix "$cache/node-$major" "$package@$major"
done

if ! "$cache/python/bin/python" -c 'import grpc, google.protobuf, google.rpc.status_pb2, toxiproxy' 2>/dev/null; then
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check 'grpcio==1.81.0' 'protobuf==6.33.5' \
    'googleapis-common-protos==1.72.0' 'toxiproxy-python==0.1.1'
fi
