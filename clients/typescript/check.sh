#!/usr/bin/env bash
# All of the client against a real daemon: what is built, packed and published, its tests, its samples, and its README in an
# empty project. Installs nothing outside of a temporary folder and npm's cache. Assumes `npm ci` in the root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
unset HANGUP_ADDRESS HANGUP_COMMAND HANGUP_TOKEN HANGUP_TOKEN_FILE
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
cd "$root"
say() { printf '\n== %s\n' "$*"; }
# npm says of its own configuration what is of no interest here.
export npm_config_loglevel=error npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
bin=$root/node_modules/.bin

say "build"
node scripts/build.mjs

say "format, lint, types"
"$bin/biome" format clients/typescript
"$bin/oxlint" --type-aware --deny-warnings clients/typescript
"$bin/tsc" --noEmit

say "the package: publint, attw"
package=$temp/$(npm pack --ignore-scripts --pack-destination "$temp" | tail -1)
"$bin/publint" --strict "$package"
"$bin/attw" --profile node16 --format ascii "$package"

# In the meantime: an empty project gets what its tests need.
mkdir "$temp/project"
(
  cd "$temp/project"
  npm init --yes
  npm install --prefer-offline --save-dev "$package" vitest@3.2.4 jest@30.5.2 @swc/jest@0.2.39 @swc/core@1.16.18 \
    @types/node@20.19.0
) >"$temp/install.log" 2>&1 &
install=$!

say "tests and samples"
"$bin/jest" --config clients/typescript/jest.config.json

say "500 tests over jest workers, one daemon"
bash clients/typescript/parallel/run.sh

say "loading"
node -e '
  const began = performance.now();
  require(process.argv[1]);
  console.log(`require("hangup"): ${Math.round(performance.now() - began)} ms`);
' "$root/dist/client.cjs"

# sample <file>: the block of README.md that has this name.
sample() {
  sed -n "/^\`\`\`[a-z]* $1\$/,/^\`\`\`\$/p" "$here/README.md" | sed '1d;$d' >"$1"
  [ -s "$1" ] || { echo "README.md has no $1"; return 1; }
}

# How often a daemon is started is counted by what stands before it.
printf '#!/bin/sh\necho >>%s\nexec node_modules/.bin/hangup "$@"\n' "$temp/started" >"$temp/counted"
chmod +x "$temp/counted"

# one_daemon <command...>: a run that starts one daemon for all of its workers.
one_daemon() {
  local starts
  : >"$temp/started"
  HANGUP_COMMAND=$temp/counted "$@"
  starts=$(wc -l <"$temp/started")
  [ "$starts" -eq 1 ] || { echo "$starts daemons were started, and not 1"; return 1; }
}

say "README, in an empty project: vitest; then two files, with one daemon for their workers"
wait "$install" || { cat "$temp/install.log"; exit 1; }
cd "$temp/project"
# Both samples lie in one folder, as with who tries them: the one is not the other's.
sample reset.test.ts
sample close-test.mjs
node_modules/.bin/vitest run
mkdir vitest
for worker in 1 2; do cp reset.test.ts "vitest/reset-$worker.test.ts"; done
echo 'export default { test: { globalSetup: "hangup/global-setup" } };' >vitest.config.mjs
one_daemon node_modules/.bin/vitest run --dir vitest

say "README: node:test"
node --test close-test.mjs
PATH="$PWD/node_modules/.bin:$PATH" hangup run -- node --test close-test.mjs

say "README: jest, with one daemon for its workers; then without a set-up, with one for the files of one worker"
mkdir jest
cat >jest.config.json <<'JSON'
{
  "globalSetup": "hangup/global-setup",
  "roots": ["<rootDir>/jest"],
  "testEnvironment": "node",
  "transform": { "\\.ts$": ["@swc/jest", { "jsc": { "parser": { "syntax": "typescript" }, "target": "es2022" } }] }
}
JSON
for worker in 1 2; do grep -v 'from "vitest"' reset.test.ts >"jest/reset-$worker.test.ts"; done
one_daemon node_modules/.bin/jest --ci --maxWorkers 2
grep -v globalSetup jest.config.json >jest.alone.json
one_daemon node_modules/.bin/jest --ci --config jest.alone.json --runInBand

say "types, as users of ESM and of CommonJS have them"
mkdir types
cat >types/esm.mts <<'TS'
import { EndKind, type Action, type Receipt, startHangup } from "hangup";
import setup from "hangup/global-setup";
export const teardown: () => Promise<void> = await setup();
export async function ends(action: Action): Promise<Receipt | undefined> {
  await using fixture = await startHangup({ neverFired: "pass" });
  const listener = await fixture.listen({ plans: [{ steps: [{ trigger: { elapsed: "1s" }, action: { reset: {} } }] }] });
  // @ts-expect-error: no such verb
  await (await listener.next()).perform({ rest: {} });
  // @ts-expect-error: a duration has its unit
  await (await listener.next()).perform({ linger: { timeout: 1 } });
  const receipt = await (await listener.next()).perform(action);
  return receipt?.localEnd?.kind === EndKind.RST ? receipt : undefined;
}
TS
sed -e '/setup/d' types/esm.mts >types/cjs.cts
"$bin/tsc" --noEmit --strict --skipLibCheck false --target es2022 --lib es2022,esnext.disposable --module nodenext \
  --types node types/esm.mts types/cjs.cts

say "all is well"
