import { pino } from "pino";
import { defaultLimits } from "../../src/domain/limits.js";
import { Fixture } from "../../src/domain/fixture.js";
import { logEvents } from "../../src/observability/event-log.js";
import { Warnings } from "../../src/observability/warnings.js";

/** A fixture whose log is read. */
function logged(level: string) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level, base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  const fixture = new Fixture({ ...defaultLimits, journalEvents: 4 });
  const warnings = new Warnings(logger);
  return { fixture, lines, warnings, logging: logEvents(fixture.journal, logger, warnings) };
}

const subject = { scope: "default", listener: "echo", session: "", uid: "u-1" };
const refused = { kind: "accept_failed", reason: "EMFILE", message: "no more" } as const;

test("a scope's beginning and end are a line each, with what was left in it", async () => {
  const { fixture, lines } = logged("debug");
  const scope = fixture.createScope("worker-1", 5000, {});
  await fixture.endScope(scope, "DELETED");
  expect(lines).toEqual([
    expect.objectContaining({ msg: "scope created", event: "scope_created", scope: "worker-1", ttlMs: 5000 }),
    expect.objectContaining({ event: "scope_ended", scope: "worker-1", reason: "DELETED", openSessions: 0 }),
  ]);
});

test("at info a life is no line, and a failed accept is a warning", async () => {
  const { fixture, lines } = logged("info");
  await fixture.endScope(fixture.createScope("worker-1", 5000, {}), "DELETED");
  fixture.journal.append(subject, refused);
  expect(lines).toEqual([
    {
      level: 40,
      event: "accept_failed",
      scope: "default",
      listener: "echo",
      uid: "u-1",
      reason: "EMFILE",
      msg: "no more",
    },
  ]);
});

test("a flood of one kind is its first line, and the number of the rest when the log ends", () => {
  const { fixture, lines, warnings } = logged("warn");
  for (let i = 0; i < 1000; i++) fixture.journal.append(subject, refused);
  fixture.journal.append({ ...subject, listener: "other" }, refused);
  expect(lines.map(({ listener }) => listener)).toEqual(["echo", "other"]);
  warnings[Symbol.dispose]();
  expect(lines.slice(2)).toEqual([expect.objectContaining({ listener: "echo", times: 999 })]);
});

test("what a stream of events has lost is a warning with the stream's filter, cut to what a name can be", async () => {
  const { fixture, lines } = logged("warn");
  const session = "x".repeat(100_000);
  using slow = fixture.journal.subscribe({ scope: "default", session }, undefined);
  for (let i = 0; i < 6; i++) fixture.journal.append(subject, { kind: "peer_fin", bytesReceived: 0 });
  await slow.pages(1, new AbortController().signal).next();
  expect(lines).toEqual([
    expect.objectContaining({
      event: "lost",
      scope: "default",
      session: "x".repeat(255),
      firstSequence: 1,
      lastSequence: 2,
      events: 2,
    }),
  ]);
});

test("who has ended observing writes nothing more", () => {
  const { fixture, lines, logging } = logged("debug");
  logging[Symbol.dispose]();
  fixture.journal.append(subject, refused);
  expect(lines).toEqual([]);
});
