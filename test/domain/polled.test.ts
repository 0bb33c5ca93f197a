// What the kernel does not announce is asked for once a tick, for all that wait for it.
import { Action } from "../../src/gen/hangup/v1/action.js";
import { GetInfoRequest } from "../../src/gen/hangup/v1/daemon.js";
import { PerformActionRequest, Session_State, WaitSessionRequest } from "../../src/gen/hangup/v1/session.js";
import { Connection } from "../../src/kernel/connection.js";
import { everyTick } from "../../src/kernel/ticker.js";
import { dialJudge } from "../support/connections.js";
import { ControlClient } from "../support/control-client.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all([judge.stop(), daemon.stop()]);
});

/** Resolves when there were so many rounds more. */
async function rounds(count: number): Promise<void> {
  let seen = 0;
  await new Promise<void>((resolve) => {
    const stop = everyTick(() => {
      seen += 1;
      if (seen < count) return;
      stop();
      resolve();
    });
  });
}

const waitForState = (session: string, timeoutMs = 60_000) =>
  ({
    $case: "waitSession",
    value: WaitSessionRequest.fromPartial({ session, state: Session_State.FIN_WAIT2, timeout: ms(timeoutMs) }),
  }) as const;
const resetUnread = (session: string) =>
  ({
    $case: "performAction",
    value: PerformActionRequest.fromPartial({
      session,
      action: Action.fromJSON({ resetUnread: { timeout: ms(60_000) } }),
    }),
  }) as const;

test.each([
  ["a state", waitForState, () => jest.spyOn(Connection.prototype, "state")],
  ["an unread byte", resetUnread, () => jest.spyOn(Connection.prototype, "unreadBytes", "get")],
])("200 calls that wait for %s of one session ask the kernel once a tick", async (_, request, spyOn) => {
  const { name } = await dialJudge(daemon, judge);
  const control = new ControlClient(daemon.channel);
  for (let n = 0; n < 200; n++) void control.call(request(name));
  await control.call({ $case: "getInfo", value: GetInfoRequest.create() });
  const asked = spyOn();
  await rounds(20);
  expect(asked.mock.calls.length).toBeGreaterThan(10);
  expect(asked.mock.calls.length).toBeLessThanOrEqual(21);
  control.cancel();
});

test("when all that waited have given up nothing is asked any more", async () => {
  const { name } = await dialJudge(daemon, judge);
  const control = new ControlClient(daemon.channel);
  await Promise.all([1, 2].map(async () => control.call(waitForState(name, 50))));
  const asked = jest.spyOn(Connection.prototype, "state");
  await rounds(5);
  expect(asked).not.toHaveBeenCalled();
  control.end();
});

test.each([
  ["5000 waits for a state", 5000, waitForState],
  ["9000 resets that wait for an unread byte", 9000, resetUnread],
])(
  "with %s of one session another caller is answered, and the daemon ends",
  async (_, count, request) => {
    const { name } = await dialJudge(daemon, judge);
    const control = new ControlClient(daemon.channel);
    for (let n = 0; n < count; n++) void control.call(request(name));
    await control.call({ $case: "getInfo", value: GetInfoRequest.create() });
    for (let n = 0; n < 5; n++) {
      await rounds(2);
      expect(await daemon.info.getInfo({}, { signal: AbortSignal.timeout(10_000) })).toHaveProperty("uid");
    }
    await daemon.daemon.stop();
  },
  60_000,
);
