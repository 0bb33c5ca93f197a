// The tables "calls of the peer, in this order | what they give" of the pages under docs/actions, each row made on a fresh
// connection by the judge: an idle echo session, the command of the page, then the calls.
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { manualPages, readPage } from "./manual.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await judge?.stop();
  await daemon?.stop();
});

const commands: Readonly<Record<string, (session: string) => Promise<unknown>>> = {
  close: (session) => daemon.sessions.closeSession({ session }),
  half_close: (session) => daemon.sessions.halfCloseSession({ session }),
  reset: (session) => daemon.sessions.resetSession({ session }),
};

const calls: Readonly<Record<string, (peer: Peer) => Promise<string>>> = {
  recv: async (peer) => (await peer.recv()).end ?? "data",
  send: async (peer) => (await peer.send({ text: "x" })).errno ?? "ok",
  state: (peer) => peer.tcpState(),
  poll: async (peer) => (await peer.poll({ events: ["POLLIN", "POLLOUT", "POLLRDHUP"] })).toSorted(byBit).join(" "),
};

const bits = ["POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLRDHUP"];
const byBit = (a: string, b: string) => bits.indexOf(a) - bits.indexOf(b);

describe.each(Object.keys(commands))("after %s", (action) => {
  const page = `docs/actions/${action}.md`;
  const rows = rowsOf(readPage(page));

  test("the page has rows", () => expect(rows).not.toEqual([]));

  test.each(rows)("$calls give $outcomes", async ({ calls: names, outcomes }) => {
    const name = `echo-${Math.random().toString(36).slice(2)}`;
    const listener = await daemon.listen(name);
    const peer = await judge.connect({ host: listener.host, port: listener.port });
    await daemon.sessions.waitSession({ listener: name, ordinal: 1n });
    await commands[action]?.(`${name}/1`);
    const seen: string[] = [];
    for (const call of names.split(", ")) seen.push((await calls[call]?.(peer)) ?? `no such call: ${call}`);
    expect(seen.join(", ")).toBe(outcomes);
    await peer.close();
    await daemon.listeners.deleteListener({ listener: name });
  });
});

test("every page of an action is known here", () => {
  const pages = manualPages().filter((page) => page.startsWith("docs/actions/"));
  const tables = pages.filter((page) => rowsOf(readPage(page)).length > 0);
  expect(tables.toSorted()).toEqual(
    Object.keys(commands)
      .map((action) => `docs/actions/${action}.md`)
      .toSorted(),
  );
});

/** The rows of the one table with that head. */
function rowsOf(page: string): { calls: string; outcomes: string }[] {
  const [, table = ""] = /^\| calls of the peer, in this order \|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)*)/m.exec(page) ?? [];
  return [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].map(([, names = "", outcomes = ""]) => ({
    calls: names.trim(),
    outcomes: outcomes.trim(),
  }));
}
