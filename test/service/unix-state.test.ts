import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { startTestDaemon } from "../support/daemon.js";
import { startJudge } from "../support/judge.js";

test("a unix socket has no state to tell, also when its peer ends first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangup-"));
  const [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  try {
    const path = join(folder, "echo.sock");
    await daemon.listeners.createListener({ name: "echo", unixPath: path });
    const peer = await judge.connect({ path });
    await daemon.sessions.waitSession({ session: "echo/1" });
    await peer.shutdown("WR");
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    const { session } = await daemon.sessions.waitSession({
      session: "echo/1",
      condition: WaitSessionRequest_Condition.ENDED,
    });
    expect(session).toMatchObject({ state: Session_State.UNKNOWN, receipt: { stateAfter: Session_State.UNKNOWN } });
    const { events } = await daemon.events.listEvents({ afterSequence: 0n });
    expect(events.map(({ fact }) => fact?.$case)).not.toContain("sessionStateChanged");
  } finally {
    await Promise.all([judge.stop(), daemon.stop()]);
    rmSync(folder, { recursive: true });
  }
});
