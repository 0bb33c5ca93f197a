import { pino } from "pino";
import { DomainError } from "../../src/domain/errors.js";
import { Scope } from "../../src/domain/scope.js";
import { callLog } from "../../src/observability/call-log.js";
import { Warnings } from "../../src/observability/warnings.js";
import { startTestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";

/** A logger whose lines are read. */
function logged(level: string) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level, base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { lines, logger };
}

const full = new DomainError("RESOURCE_EXHAUSTED", "TOO_MANY_LISTENERS", "no more may live");

test("a call that a bound refused is told with what it was about, cut to what a name can be", () => {
  const { lines, logger } = logged("warn");
  using warnings = new Warnings(logger);
  const request = { scope: "", name: "x".repeat(100_000) };
  const call = { service: "hangup.v1.ListenerService", method: "CreateListener", request, durationMs: 1 };
  callLog(logger, warnings)!.onCall({ ...call, code: full.code, error: full });
  expect(lines).toEqual([
    {
      level: 40,
      path: "/hangup.v1.ListenerService/CreateListener",
      code: "RESOURCE_EXHAUSTED",
      reason: "TOO_MANY_LISTENERS",
      scope: "default",
      listener: "x".repeat(255),
      msg: "refused by a bound: no more may live",
    },
  ]);
});

test("a flood of refused calls is two lines, whatever they name", () => {
  const { lines, logger } = logged("warn");
  const warnings = new Warnings(logger);
  const log = callLog(logger, warnings)!;
  for (let i = 0; i < 1000; i++) {
    const request = { scope: "", name: `listener-${i}` };
    const call = { service: "hangup.v1.ControlService", method: "CreateListener", request, durationMs: 1 };
    log.onCall({ ...call, code: full.code, error: full });
  }
  warnings[Symbol.dispose]();
  expect(lines).toMatchObject([{ listener: "listener-0" }, { times: 999 }]);
  expect(lines[1]).not.toHaveProperty("listener");
});

test("a bug is told with what the call was about", async () => {
  const { lines, logger } = logged("error");
  await using daemon = await startTestDaemon({ logger });
  const bug = jest.spyOn(Scope.prototype, "session").mockImplementation(() => {
    throw new Error("a bug on purpose");
  });
  try {
    const failure = await failureOf(daemon.sessions.getSession({ session: "x".repeat(300) }));
    expect(failure).toMatchObject({ code: "INTERNAL", reason: "BUG" });
  } finally {
    bug.mockRestore();
  }
  expect(lines).toEqual([
    {
      level: 50,
      id: expect.any(String),
      path: "/hangup.v1.SessionService/GetSession",
      scope: "default",
      session: "x".repeat(255),
      err: expect.objectContaining({ message: "a bug on purpose" }),
      msg: "a handler failed",
    },
  ]);
});
