import { once } from "node:events";
import { connect } from "node:net";
import { Action } from "../../src/gen/hangup/v1/action.js";
import { WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { ms, startTestDaemon } from "../support/daemon.js";

// Far more than is read in one turn of the loop, from each of several at once: all of them wait for their turns.
const floods = 8;
const floodBytes = 16 * 1024 * 1024;

test("of sessions that are paused and resumed in a flood every byte is read, and then the end", async () => {
  await using daemon = await startTestDaemon();
  const { host, port } = await daemon.listen("sink", {
    behaviour: { banner: undefined, kind: { $case: "discard", value: {} } },
  });
  const data = Buffer.alloc(floodBytes);
  const names = Array.from({ length: floods }, (_, index) => `sink/${index + 1}`);
  const peers = names.map(() => connect(port, host));
  await Promise.all(names.map((session) => daemon.sessions.waitSession({ session, timeout: ms(20_000) })));
  const perform = async (session: string, verb: "pause" | "resume") =>
    await daemon.sessions.performAction({ session, action: Action.fromJSON({ [verb]: {} }) });
  const ended = peers.map((peer) => once(peer.resume(), "close"));
  for (const peer of peers) peer.end(data);
  for (let round = 0; round < 20; round++) {
    // Some end on the way.
    await Promise.all(names.map((session) => perform(session, "pause").catch(() => undefined)));
    await Promise.all(names.map((session) => perform(session, "resume").catch(() => undefined)));
  }
  await Promise.all(ended);
  for (const session of names) {
    const condition = WaitSessionRequest_Condition.ENDED;
    const reply = await daemon.sessions.waitSession({ session, condition, timeout: ms(20_000) });
    expect(reply.session).toMatchObject({ bytesReceived: BigInt(floodBytes), peerFinSeen: true, peerRstSeen: false });
  }
}, 60_000);
