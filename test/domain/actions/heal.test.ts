import { look, perform } from "../../support/actions.js";
import { dialJudge } from "../../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test.each(["INBOUND", "BOTH"] as const)(
  "after %s the peer’s next retransmission arrives, in order, and nothing is lost",
  async (direction) => {
    const { peer, name } = await dialJudge(daemon, judge);
    await perform(daemon, name, { blackHole: { direction } });
    for (const text of ["one ", "two ", "three"]) expect(await peer.send({ text })).toEqual({ rc: text.length });
    await perform(daemon, name, { heal: {} });
    expect((await look(daemon, name))["blackHole"]).toBeUndefined();
    expect((await daemon.sessions.receiveData({ session: name, minBytes: 13 })).text).toBe("one two three");
    await peer.close();
  },
);

test.each(["INBOUND", "BOTH"] as const)("after %s what we sent meanwhile arrives once", async (direction) => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: { direction } });
  await perform(daemon, name, { send: { text: "meanwhile" } });
  await perform(daemon, name, { heal: {} });
  await daemon.sessions.closeSession({ session: name });
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["meanwhile", "EOF"]);
  await peer.close();
});

test("the network can be lost and found again and again", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  for (const direction of ["INBOUND", "BOTH", "INBOUND"] as const) {
    await perform(daemon, name, { blackHole: { direction } });
    await peer.send({ text: direction });
    await perform(daemon, name, { heal: {} });
    const { text } = await daemon.sessions.receiveData({ session: name, minBytes: direction.length });
    expect(text).toBe(direction);
  }
  await peer.close();
});
