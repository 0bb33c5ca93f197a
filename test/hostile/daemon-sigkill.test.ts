import { existsSync } from "node:fs";
import { join } from "node:path";
import { Listener_ResetOnAccept, Listener_State } from "../../src/gen/hangup/v1/listener.js";
import { portOf, scratchDirectory, type Served, serve } from "../support/cli.js";
import { dialJudge } from "../support/connections.js";
import { Clients } from "../support/daemon.js";
import { type Address, type Judge, type Peer, startJudge } from "../support/judge.js";

// SIGKILL of the daemon: its kernel closes what it had open, each connection by what stood in it.

let judge: Judge;

beforeAll(async () => {
  judge = await startJudge();
});

afterAll(async () => {
  await judge.stop();
});

async function ended(served: Served): Promise<void> {
  served.running.send("SIGKILL");
  await served.running.died();
}

/** What a peer meets that reads to the end and then writes twice. */
async function met(peer: Peer): Promise<readonly (string | undefined)[]> {
  const { end } = await peer.recvAll();
  const first = await peer.send({ size: 1 });
  // The RST that answers it comes when the kernel gets round to it.
  if (first.errno === undefined) await peer.poll({ events: [] });
  const second = await peer.send({ size: 1 });
  return [end, first.errno, second.errno];
}

test("a daemon ended by SIGKILL leaves each peer what its kernel makes of it, and everything can be had anew at once", async () => {
  await using folder = await scratchDirectory();
  const unixPath = join(folder.path, "listener.sock");
  const control = `unix:${join(folder.path, "api.sock")}`;
  const first = await serve("--listen", control);
  await using clients = new Clients(control);
  const { listeners, sessions } = clients;

  const bind = async (request: Parameters<typeof listeners.createListener>[0]): Promise<Address> => {
    const { listener } = await listeners.createListener(request);
    if (listener?.unixPath) return { path: listener.unixPath };
    return { host: listener!.host, port: listener!.port };
  };
  /** A session that is open on both ends. */
  const connected = async (listener: string, address: Address): Promise<{ peer: Peer; session: string }> => {
    const peer = await judge.connect(address);
    const who = "path" in address ? { listener } : { listener, peerPort: peer.localPort };
    const { session } = await sessions.waitSession(who);
    return { peer, session: session!.name };
  };

  const echo = await bind({ name: "echo" });
  const silent = await bind({ name: "silent", behaviour: { kind: { $case: "silent", value: {} } } });
  const manual = await bind({ name: "manual", behaviour: { kind: { $case: "manual", value: {} } } });
  const rejecting = await bind({ name: "rejecting", resetOnAccept: Listener_ResetOnAccept.AT_FIRST_BYTE });
  const queueing = await bind({ name: "queueing", state: Listener_State.QUEUEING });
  const unix = await bind({ name: "unix", unixPath });

  const idle = await connected("echo", echo);
  const halfClosed = await connected("echo", echo);
  await sessions.halfCloseSession({ session: halfClosed.session });
  const unread = await connected("silent", silent);
  await unread.peer.send({ text: "unread" });
  const held = await connected("manual", manual);
  await held.peer.send({ text: "read by the daemon" });
  await sessions.waitSession({ session: held.session, bytesReceived: 18n });
  const inherits = await connected("rejecting", rejecting);
  const notAccepted = await judge.connect(queueing);
  const overUnix = await connected("unix", unix);
  const { peer: dialed } = await dialJudge(clients, judge);

  await ended(first);

  expect(await met(idle.peer)).toEqual(["EOF", undefined, "EPIPE"]);
  expect(await met(halfClosed.peer)).toEqual(["EOF", undefined, "EPIPE"]);
  expect(await met(held.peer)).toEqual(["EOF", undefined, "EPIPE"]);
  expect(await met(dialed)).toEqual(["EOF", undefined, "EPIPE"]);
  expect(await met(unread.peer)).toEqual(["ECONNRESET", "EPIPE", "EPIPE"]);
  expect(await met(inherits.peer)).toEqual(["ECONNRESET", "EPIPE", "EPIPE"]);
  expect(await met(notAccepted)).toEqual(["ECONNRESET", "EPIPE", "EPIPE"]);
  expect(await met(overUnix.peer)).toEqual(["EOF", "EPIPE", "EPIPE"]);
  for (const address of [echo, silent, manual, rejecting, queueing, unix]) {
    expect(await judge.tryConnect(address)).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
  }
  expect(existsSync(unixPath)).toBe(true);

  // The same paths and ports, with the connections of before still in FIN_WAIT2 and TIME_WAIT.
  await using second = await serve("--listen", control);
  await using again = new Clients(second.address);
  for (const [name, address] of Object.entries({ echo, silent, manual, rejecting, queueing })) {
    const { port } = address as { port: number };
    const { listener } = await again.listeners.createListener({ name, port });
    expect(listener?.port).toBe(port);
  }
  await again.listeners.createListener({ name: "unix", unixPath });
  for (const address of [echo, unix]) {
    const peer = await judge.connect(address);
    await peer.send({ text: "here" });
    expect((await peer.recv()).data.toString()).toBe("here");
    await peer.close();
  }
});

test("a daemon ended by SIGKILL leaves its own port free at once, with clients connected", async () => {
  const first = await serve();
  await using clients = new Clients(first.address);
  await clients.info.getInfo({});
  await ended(first);

  await using second = await serve("--listen", first.address);
  expect(portOf(second.address)).toBe(portOf(first.address));
  await using again = new Clients(second.address);
  expect((await again.info.getInfo({})).pid).toBe(second.running.pid);
});
