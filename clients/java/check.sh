#!/usr/bin/env bash
# Checks the Java client against real daemons: builds it with all lints as errors, checks the format, runs its tests and
# the samples, the scenarios, and the README's first sample in an empty project. Needs a JDK 17, Maven, Node, and `npm ci`
# and a build in the root before. Installs nothing but what Maven downloads, into Maven's own cache.
set -euo pipefail
cd "$(dirname "$0")"
root=$(realpath ../..)
temporary=$(mktemp -d)
cache=~/.m2/repository
# What is installed goes into a repository of its own, which begins with what Maven has in its cache, as hard links where
# they can be had, and gives back what it had to download.
repository="$PWD/target/repository"

copy() { cp -aln "$1/." "$2/" 2>/dev/null || cp -an "$1/." "$2/"; }
finish() {
  rm -rf "$temporary" "$repository/io/hangup"
  if [ -d "$repository" ]; then mkdir -p "$cache" && copy "$repository" "$cache"; fi
  rm -rf "$repository"
  # What compile.sh leaves to others names the cache.
  if [ -f target/classpath ]; then sed -i "s|$repository|$(realpath "$cache")|g" target/classpath; fi
}
trap finish EXIT
rm -rf "$repository"
mkdir -p "$repository"
if [ -d "$cache" ]; then copy "$cache" "$repository"; fi
rm -rf "$repository/io/hangup"

for name in $(compgen -e | grep '^HANGUP_' || true); do unset "$name"; done
export HANGUP_COMMAND="node $root/bin/hangup.cjs"
export MAVEN_OPTS="${MAVEN_OPTS:-} -Dmaven.repo.local=$repository -Dstyle.color=never"

step() { printf '\n== %s\n' "$1"; }
maven() { mvn --batch-mode --no-transfer-progress -Dorg.slf4j.simpleLogger.defaultLogLevel=warn "$@"; }

step "compile with all lints, check the format, test, run the samples, install the jar"
maven install
touch target/compiled
node -e '
  const { readdirSync, readFileSync } = require("node:fs");
  const reports = readdirSync("target/surefire-reports").filter((name) => name.endsWith(".xml"));
  const text = reports.map((name) => readFileSync(`target/surefire-reports/${name}`, "utf8")).join("");
  console.log(`${text.split("<testcase ").length - 1} tests passed`);
'

step "the scenarios"
node "$root/bin/hangup.cjs" run -- ./conformance.sh "$root/test/conformance/scenarios/scenarios.json" >"$temporary/scenarios"
node -e '
  const { readFileSync } = require("node:fs");
  const [expected, printed] = process.argv.slice(1).map((path) => readFileSync(path, "utf8"));
  const [{ language }, ...lines] = printed.trim().split("\n").map((line) => JSON.parse(line));
  for (const { name, steps, differences } of JSON.parse(expected)) {
    const wanted = differences?.[language]?.expect ?? steps.flatMap(({ expect }) => expect ?? []);
    const got = lines.find(({ scenario }) => scenario === name)?.steps.map(({ outcome }) => outcome);
    if (got?.length !== wanted.length || !got.every((outcome, index) => [wanted[index]].flat().includes(outcome))) {
      console.log(`${name}: ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
      process.exitCode = 1;
    }
  }
  if (process.exitCode === undefined) console.log(`${lines.length} scenarios as expected`);
' "$root/test/conformance/scenarios/scenarios.json" "$temporary/scenarios"

step "the first sample of the README, in an empty project, with its JUnit and with the oldest that the README names"
first() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } inside && /^```/ { exit } inside' README.md; }
mkdir -p "$temporary/project/src/test/java"
first java >"$temporary/project/src/test/java/ResetTest.java"
for junit in 6.1.3 5.12.2; do
  first xml | sed "s|<version>6.1.3<|<version>$junit<|" >"$temporary/project/pom.xml"
  (cd "$temporary/project" && maven test)
  report="$temporary/project/target/surefire-reports/ResetTest.txt"
  echo "JUnit $junit: $(grep '^Tests run' "$report")"
  grep -q 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 0' "$report"
  rm -r "$temporary/project/target"
done

step "all of it passed"
