// Descriptors run out: each accept, dial, listener and capture that gets none is told so, the daemon goes on, and all
// works again when some are free. The daemon is a process of its own, which may have 256.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { commandFile, portOf, type ReadyLine, Running } from "../support/cli.js";
import { Clients } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

const allowed = 256;
/** More connections than the daemon can have descriptors. */
const tooMany = allowed + 20;
const host = "127.0.0.1";
const outOfDescriptors = { code: "RESOURCE_EXHAUSTED", reason: "TOO_MANY_DESCRIPTORS", metadata: { errno: "EMFILE" } };

let judge: Judge;
let running: Running;
let clients: Clients;
let api: { host: string; port: number };

beforeEach(async () => {
  judge = await startJudge();
});

afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  await Promise.all([running[Symbol.asyncDispose](), judge.stop()]);
});

async function start(...options: string[]): Promise<void> {
  const command = [process.execPath, commandFile, "serve", "--listen", `${host}:0`, "--log-level", "warn", ...options];
  running = new Running(
    spawn("bash", ["-c", `ulimit -n ${allowed} && exec "$@"`, "bash", ...command], { stdio: "pipe" }),
  );
  const ready = JSON.parse(await running.line()) as ReadyLine;
  clients = new Clients(ready.address);
  api = { host, port: portOf(ready.address) };
}

async function listen(name: string): Promise<{ host: string; port: number }> {
  const { listener } = await clients.listeners.createListener({ name });
  return { host, port: listener!.port };
}

/** Creates listeners until one is refused; gives their names, and what was said of the last. */
async function listenUntilRefused() {
  const names: string[] = [];
  while (names.length < allowed) {
    const name = `l${names.length}`;
    try {
      // eslint-disable-next-line no-await-in-loop -- one after the other, until it is refused
      await listen(name);
      names.push(name);
    } catch {
      return { names, failure: await failureOf(listen(name)) };
    }
  }
  throw new Error("no listener was refused");
}

async function connectMany(where: { host: string; port: number }, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let n = 0; n < count; n++) peers.push(await judge.connect(where));
  return peers;
}

/** What became of each accept that failed, by its reason. */
async function acceptFailures(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let after = 0n;
  for (;;) {
    const page = await clients.events.listEvents({ scope: "-", afterSequence: after, pageSize: 1000 });
    for (const { fact } of page.events) {
      if (fact?.$case === "acceptFailed") counts[fact.value.reason] = (counts[fact.value.reason] ?? 0) + 1;
    }
    if (page.nextAfterSequence === after) return counts;
    after = page.nextAfterSequence;
  }
}

function descriptorsInUse(): number {
  return readdirSync(`/proc/${running.pid}/fd`).length;
}

async function echoes(where: { host: string; port: number }): Promise<void> {
  const peer = await judge.connect(where);
  await peer.sendAll({ text: "still here" });
  expect((await peer.recvAll({ max: 10 })).data.toString()).toBe("still here");
  await peer.close();
}

test("sessions are fewer than descriptors, and one too many is reset and told", async () => {
  await start();
  const { limits } = await clients.info.getInfo({});
  expect(limits?.descriptors).toBe(BigInt(allowed));
  const most = limits!.sessions;
  expect(most).toBeGreaterThan(allowed / 2);
  const where = await listen("echo");
  const peers = await connectMany(where, most);
  await clients.sessions.waitSession({ listener: "echo", ordinal: BigInt(most) });
  const oneTooMany = await judge.connect(where);
  expect(await oneTooMany.recv()).toMatchObject({ end: "ECONNRESET" });
  expect(await acceptFailures()).toEqual({ TOO_MANY_SESSIONS: 1 });
  const last = peers.pop()!;
  await last.close();
  await clients.sessions.waitSession({ listener: "echo", peerPort: last.localPort, condition: 1 });
  await echoes(where);
}, 30_000);

test("where listeners took the descriptors of sessions, a connection is reset and told (EMFILE), a dial refused", async () => {
  await start();
  const where = await listen("echo");
  await Promise.all(Array.from({ length: 50 }, (_, n) => listen(`idle${n}`)));
  const peers = await connectMany(where, tooMany);
  // The first are served, the others are reset: nobody is left in between, and nobody reads EOF.
  const ends = await Promise.all(
    peers.map(async (peer) => {
      // The kernel reports a reset once, to whichever call comes first.
      const { errno } = await peer.send({ text: "x" });
      if (errno !== undefined) return errno;
      const { data, end } = await peer.recv();
      return end ?? data.toString();
    }),
  );
  const served = ends.filter((end) => end === "x").length;
  const reset = ends.filter((end) => end === "ECONNRESET").length;
  expect(served).toBeGreaterThan(20);
  expect(served + reset).toBe(tooMany);
  expect(await acceptFailures()).toEqual({ EMFILE: reset });
  expect(descriptorsInUse()).toBeLessThan(allowed);

  const target = await judge.listen({ host });
  const dial = () => clients.sessions.openSession({ target: `${host}:${target.port}` });
  expect(await failureOf(dial())).toMatchObject(outOfDescriptors);
  expect(await failureOf(listen("one-more"))).toMatchObject(outOfDescriptors);
  // Whoever comes anew can still ask the daemon to end some.
  await using others = new Clients(`${api.host}:${api.port}`, { apart: true });
  const { counts } = await others.listeners.deleteListener({ listener: "echo" });
  expect(counts?.localRst).toBe(BigInt(served));
  await dial();
  await echoes(await listen("one-more"));
}, 30_000);

test("listeners past the descriptors are refused, and can be had again when others are deleted", async () => {
  await start();
  const { names, failure } = await listenUntilRefused();
  expect(failure).toMatchObject(outOfDescriptors);
  expect(names.length).toBeGreaterThan(50);
  await using others = new Clients(`${api.host}:${api.port}`, { apart: true });
  await Promise.all(names.slice(0, 5).map((listener) => others.listeners.deleteListener({ listener })));
  await echoes(await listen("again"));
}, 30_000);

test("connections to the API that take the descriptors give way to newcomers; sessions are refused", async () => {
  await start();
  const where = await listen("echo");
  const idle = await connectMany(api, tooMany);
  expect((await clients.info.getInfo({})).pid).toBe(running.pid);
  expect(descriptorsInUse()).toBeLessThan(allowed);
  for (const event of ["api_connection_let_go", "api_connection_refused"]) {
    expect(JSON.parse(await running.line("stderr"))).toMatchObject({
      event,
      reason: "EMFILE",
      msg: expect.stringContaining("API"),
    });
  }
  await using newcomers = new Clients(`${api.host}:${api.port}`, { apart: true });
  expect((await newcomers.info.getInfo({})).pid).toBe(running.pid);

  // The first have the few descriptors that were kept free for the next newcomers.
  const peers = await connectMany(where, 20);
  expect(await peers.at(-1)!.recv()).toMatchObject({ end: "ECONNRESET" });
  expect(Object.keys(await acceptFailures())).toEqual(["EMFILE"]);
  expect(await failureOf(listen("one-more"))).toMatchObject(outOfDescriptors);

  await Promise.all(idle.map((connection) => connection.close()));
  await untilFewerDescriptors(100);
  await echoes(where);
  await using others = new Clients(`${api.host}:${api.port}`, { apart: true });
  expect((await others.info.getInfo({})).pid).toBe(running.pid);
}, 30_000);

test("--max-connections bounds the connections to the API: the oldest without a call gives way, then the newcomer", async () => {
  await start("--max-connections", "2");
  expect((await clients.info.getInfo({})).limits?.connections).toBe(2);
  const [idle] = await connectMany(api, 1);
  await using others = new Clients(`${api.host}:${api.port}`, { apart: true });
  expect((await others.info.getInfo({})).pid).toBe(running.pid);
  expect(await idle!.recvAll()).toMatchObject({ end: "EOF" });
  const reason = "TOO_MANY_CONNECTIONS";
  expect(JSON.parse(await running.line("stderr"))).toMatchObject({ event: "api_connection_let_go", reason });
  const refused = await judge.connect(api);
  expect(await refused.recv()).toMatchObject({ end: "EOF" });
  expect(JSON.parse(await running.line("stderr"))).toMatchObject({ event: "api_connection_refused", reason });
  // The clients that are there go on; and sessions are not counted among them.
  await echoes(await listen("echo"));
  expect((await others.info.getInfo({})).pid).toBe(running.pid);
});

/** Other processes' descriptors tell nobody of their close: looked at until they are fewer. */
async function untilFewerDescriptors(than: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (descriptorsInUse() >= than) {
    if (Date.now() > deadline) throw new Error(`still ${descriptorsInUse()} descriptors`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
