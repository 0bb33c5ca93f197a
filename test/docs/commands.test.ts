// Runs what the manual shows. A fenced block is run when its info string says so:
//
//   ```sh run                   run with bash; must exit with 0, or with N for `sh run exit=N`
//   ```sh background=NAME       started with bash, and left running until the section ends
//   ```sh not-run               shown only: the page says where it is run instead
//   ```text output              what the block before prints; `...` stands for anything
//   ```text output=NAME         what the background block NAME prints last, sooner or later
//
// A section (`##`) is one test. If it does not start a daemon by itself, one runs for it. So that tests can run side by
// side, the ports 4264 and 9000 and paths that begin with /tmp/hangup are replaced by free ones.
import { spawnSync } from "node:child_process";
import { probeCapture } from "../../src/kernel/packet-capture.js";
import { manualPages, readPage, type Section, sectionsOf } from "./manual.js";
import { isRun, runSection } from "./section-run.js";
import { patternOf } from "./shown-output.js";

const missingTools = ["grpcurl", "python3", "nc", "curl"].filter(
  (tool) => spawnSync("bash", ["-c", `command -v ${tool}`], { stdio: "ignore" }).status !== 0,
);
/** A section starts a process for each command that it shows. */
const sectionTimeoutMs = 240_000;

// Where all tools should be, a skipped section is a failure.
const maySkip = process.env["HANGUP_REQUIRE_GRPCURL"] !== "1";
// What needs a privilege is run where there is one, whatever the tools.
const mayCapture = probeCapture().available;

for (const page of manualPages()) {
  for (const section of sectionsOf(readPage(page))) {
    if (!section.blocks.some(isRun)) continue;
    const missing = missingTools.filter((tool) => uses(section, tool));
    const name = `${page}: ${section.title}`;
    if (!mayCapture && uses(section, "CaptureService")) test.skip(`${name} (not run: needs CAP_NET_RAW)`, () => {});
    else if (missing.length === 0) test(name, () => runSection(section), sectionTimeoutMs);
    else if (maySkip) test.skip(`${name} (not run: no ${missing.join(", ")} on PATH)`, () => {});
    else {
      test(name, () => {
        throw new Error(`no ${missing.join(", ")} on PATH`);
      });
    }
  }
}

test("every block of shell or output is marked as known here", () => {
  const known = /^(sh (run( exit=\d+)?|background=[a-z]+|not-run)|text output(=[a-z]+)?|text|[a-z]+)$/;
  const wrong = manualPages().flatMap((page) =>
    sectionsOf(readPage(page)).flatMap(({ blocks }) =>
      blocks
        .filter(({ words }) => !known.test(words.join(" ")) || words.join(" ") === "sh" || words[0] === "bash")
        .map(({ line, words }) => `${page}:${line}: ${words.join(" ")}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test("shown output is matched as a whole, but for blanks and `...`", () => {
  const shown = patternOf('{\n  "a": 1,\n  ...\n}');
  expect(shown.test('{ "a":  1,\n "b": 2 }\n')).toBe(true);
  expect(shown.test('{ "a": 2, "b": 2 }')).toBe(false);
  expect(shown.test('{ "a": 1, "b": 2 } and more')).toBe(false);
  expect(patternOf("reset", "anywhere").test("before\nreset\n")).toBe(true);
});

function uses({ blocks }: Section, tool: string): boolean {
  return blocks.some((block) => isRun(block) && new RegExp(`\\b${tool}\\b`).test(block.text));
}
