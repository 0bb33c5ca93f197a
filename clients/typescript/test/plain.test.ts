import { contract } from "../../../src/cli/contract.js";
import { Action } from "../../../src/gen/hangup/v1/action.js";
import { actionMessage, behaviourMessage, durationFields, planMessage } from "../src/plain.js";

// Actions, behaviours and plans as the manual writes them.

test("the durations that are known are those of the contract, and no text has the name of one", () => {
  const files = ["action", "behaviour", "plan"].map((noun) => contract().getFile(`hangup/v1/${noun}.proto`));
  const fields = files.flatMap((file) => file?.messages.flatMap(({ fields: all }) => all) ?? []);
  expect(fields.length).toBeGreaterThan(50);
  const isDuration = (field: (typeof fields)[number]) => field.message?.typeName === "google.protobuf.Duration";
  const durations = fields.filter(isDuration).map(({ jsonName }) => jsonName);
  expect([...durationFields].toSorted()).toEqual([...new Set(durations)].toSorted());
  const others = fields.filter((field) => !isDuration(field) && durationFields.has(field.jsonName));
  expect(others.filter(({ fieldKind }) => fieldKind !== "message")).toEqual([]);
});

test("a choice, a duration, bytes and numbers come to be what the contract has", () => {
  expect(actionMessage({ reset: { afterFlush: true, flushTimeout: "1.25s" } })).toEqual(
    Action.fromPartial({
      verb: { $case: "reset", value: { afterFlush: true, flushTimeout: { seconds: 1n, nanos: 250_000_000 } } },
    }),
  );
  expect(actionMessage({ pause: {} }).verb).toEqual({ $case: "pause", value: {} });
  expect(actionMessage({ throttle: { bytesPerSecond: 10, pause: "0.001s" } }).verb).toMatchObject({
    value: { bytesPerSecond: 10n, pause: { seconds: 0n, nanos: 1_000_000 } },
  });
  expect(actionMessage({ blackHole: { direction: "BOTH" } }).verb).toMatchObject({ value: { direction: 2 } });
  expect(actionMessage({ send: { data: new Uint8Array([0, 255]) } }).verb).toMatchObject({
    value: { payload: { $case: "data", value: new Uint8Array([0, 255]) } },
  });
  // A text of the caller's stays one, whatever it looks like.
  expect(behaviourMessage({ bannerText: "5s", echo: {} })).toMatchObject({
    banner: { $case: "bannerText", value: "5s" },
    kind: { $case: "echo" },
  });
  expect(
    planMessage({ steps: [{ trigger: { idle: "2s" }, oneOf: [{ close: {} }, { reset: {} }] }] }).steps[0],
  ).toMatchObject({ trigger: { when: { $case: "idle", value: { seconds: 2n } } }, oneOf: [{}, {}] });
});

test("what is no duration is an error that names the field", () => {
  expect(() => actionMessage({ linger: { timeout: "-1s" } })).toThrow(/timeout: "-1s" is no duration.*"1\.5s"/);
});
