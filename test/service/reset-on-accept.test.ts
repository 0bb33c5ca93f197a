import { Listener_ResetOnAccept } from "../../src/gen/hangup/v1/listener.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await judge?.stop();
  await daemon?.stop();
});

const behaviours = {
  echo: { $case: "echo", value: {} },
  discard: { $case: "discard", value: {} },
  silent: { $case: "silent", value: {} },
  manual: { $case: "manual", value: {} },
} as const;

test.each(Object.entries(behaviours))(
  "reset at the first byte, behaviour %s: connect and the first write succeed, the first read gives ECONNRESET",
  async (name, kind) => {
    const { host, port } = await daemon.listen(name, {
      behaviour: { banner: undefined, kind },
      resetOnAccept: Listener_ResetOnAccept.AT_FIRST_BYTE,
    });
    const peer = await judge.connect({ host, port });
    expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    const { session } = await daemon.sessions.waitSession({ session: `${name}/1` });
    expect(session?.bytesReceived).toBe(1n);
  },
);
