# What the steps need beside the checkout, installed where it is not there.

readonly grpcurl_version=v1.9.4

apt_install() {
  [ "$(id -u)" -eq 0 ] || { missing "not root, so apt-get cannot install $*"; return; }
  command -v apt-get >/dev/null || { missing "no apt-get to install $*"; return; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}

need_packet_tools() {
  if ! command -v tcpdump >/dev/null || ! command -v ip >/dev/null || ! command -v openssl >/dev/null; then
    apt_install tcpdump iproute2 openssl || return
  fi
  # Opens the interface and prints its filter.
  local said
  said=$(tcpdump -i lo -d tcp 2>&1) || missing "the right to capture: $said"
}

need_go() {
  command -v go >/dev/null || missing "Go, see https://go.dev/dl"
}

need_python() {
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3 python3-venv
}

need_java() {
  { command -v javac && command -v mvn; } >/dev/null || apt_install openjdk-17-jdk-headless maven
}

need_rust() {
  { command -v cargo && cargo fmt --version && cargo clippy --version; } >/dev/null ||
    missing "Rust with rustfmt and clippy, see https://rustup.rs"
}

need_typescript() {
  :
}

need_c() {
  { command -v cc && command -v g++ && command -v make && pkg-config --exists libcjson libcurl gtest; } >/dev/null ||
    apt_install gcc g++ libc6-dev make pkg-config libcjson-dev libcurl4-openssl-dev libgtest-dev
}

need_shell() {
  { command -v shellcheck && command -v bats && command -v dash && command -v curl && command -v socat; } >/dev/null ||
    apt_install shellcheck bats dash curl socat
}

need_grpcurl() {
  need_go || return
  local bin
  bin=$(go env GOPATH)/bin
  export PATH="$bin:$PATH"
  # From here on a command of the manual that is not run for want of it is a failure.
  export HANGUP_REQUIRE_GRPCURL=1
  # Built by `go install` it does not know its own version; its build information does.
  go version -m "$bin/grpcurl" 2>/dev/null | grep -qE "grpcurl\s+$grpcurl_version\b" && return
  GOBIN=$bin go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl_version"
}

# What `npm run bench` measures the daemon beside.
need_bench_peers() {
  need_go && need_python || return
  command -v cc >/dev/null || apt_install gcc libc6-dev || return
  bash scripts/bench-peers.sh || return
  # From here on a peer that is not there is a failure.
  export HANGUP_REQUIRE_PEERS=1
}

# The clients of test/real-clients: those of the system, and Python's in a temporary environment.
need_real_clients() {
  need_go && need_python || return
  local command missing=()
  for command in curl redis-cli psql; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    apt_install curl redis-tools postgresql-client || return
  fi
  python3 -m venv "$temp/real-clients" || return
  "$temp/real-clients/bin/pip" install --quiet --disable-pip-version-check -r test/real-clients/requirements.txt || return
  export HANGUP_PYTHON=$temp/real-clients/bin/python
  # From here on a client that is not there is a failure.
  export HANGUP_REQUIRE_CLIENTS=1
}

declare -A node_bin

# Each major that package.json promises: the one that runs this, or one from npm in a temporary folder.
need_nodes() {
  local major package
  for major in 20 24; do
    if [ "$(node -p 'process.versions.node.split(".")[0]')" = "$major" ]; then
      node_bin[$major]=$(dirname "$(node -p process.execPath)")
    else
      package=$(node -p '`node-${process.platform}-${process.arch}`')
      npm install --silent --no-save --prefix "$temp/node-$major" "$package@$major" || return
      node_bin[$major]=$temp/node-$major/node_modules/$package/bin
    fi
    "${node_bin[$major]}/node" --version || return
  done
}

# on_node <major> <command...>: with that node first on the PATH, for npm too.
on_node() {
  local bin=${node_bin[$1]:-}
  [ -n "$bin" ] || { missing "node $1"; return; }
  shift
  PATH="$bin:$PATH" "$@"
}

# The contract against the one on main that this change began from: for main itself, the commit before.
contract_breaks_nobody() {
  local main base
  if main=$(git rev-parse --quiet --verify origin/main || git rev-parse --quiet --verify main); then
    base=$(git merge-base HEAD "$main") || base=
    [ "$base" = "$(git rev-parse HEAD)" ] && base=$(git rev-parse --quiet --verify HEAD^)
  fi
  if [ -z "${base:-}" ] || ! git cat-file -e "$base:proto" 2>/dev/null; then
    echo "skipped: there is no earlier main with a contract"
    return "$skipped"
  fi
  mkdir "$temp/earlier"
  git archive "$base" buf.yaml proto third_party | tar -x -C "$temp/earlier" || return
  echo "against $(git log -1 --format='%h %s' "$base")"
  npx --no-install buf breaking --against "$temp/earlier"
}

# client <language>: the client's own check.
client() {
  "need_$1" || return
  timeout 480 bash "clients/$1/check.sh"
}

# The matrix of docs/languages.md. Where all languages should be, one that is skipped is a failure.
languages() {
  [ "${CI:-}" = true ] && export HANGUP_REQUIRE_LANGUAGES=1
  timeout 600 npm run --silent languages -- --check
}
