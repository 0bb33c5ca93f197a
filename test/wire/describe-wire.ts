import { captureAvailability } from "../support/capture.js";

/**
 * `describe` for tests that read the wire. Without the privilege they are skipped with the reason in the title; where
 * they must run, in CI or with HANGUP_REQUIRE_CAPTURE=1, that reason is a failure.
 */
export function describeWire(title: string, tests: () => void): void {
  const availability = captureAvailability();
  if (availability.available) {
    describe(title, tests);
    return;
  }
  const { reason } = availability;
  if (process.env["CI"] === "true" || process.env["HANGUP_REQUIRE_CAPTURE"] === "1") {
    test(`${title}: the wire can be read here`, () => {
      throw new Error(`this machine must capture, and cannot: ${reason}`);
    });
    return;
  }
  describe.skip(`${title} (skipped: ${reason})`, tests);
}
