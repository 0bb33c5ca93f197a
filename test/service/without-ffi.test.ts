import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { Clients, ms } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

// A machine on which the FFI cannot be loaded: what Node can do still works, and the rest says why not.

const { ENDED, PEER_FIN, PEER_RST } = WaitSessionRequest_Condition;

let child: ChildProcess;
let clients: Clients;
let judge: Judge;
let echo: { host: string; port: number; address: string };

beforeAll(async () => {
  const command = join(__dirname, "../../bin/hangup.cjs");
  child = spawn(process.execPath, [command, "serve", "--listen", "127.0.0.1:0", "--log-level", "error"], {
    env: { ...process.env, HANGUP_FFI: "off" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
  clients = new Clients((JSON.parse(line) as { address: string }).address);
  judge = await startJudge();
  const { listener } = await clients.listeners.createListener({ name: "echo" });
  echo = listener!;
});

afterAll(async () => {
  await judge.stop();
  clients.channel.close();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
});

async function connect() {
  const peer = await judge.connect({ host: echo.host, port: echo.port });
  const { session } = await clients.sessions.waitSession({ listener: "echo", peerPort: peer.localPort });
  return { peer, name: session!.name };
}

test("GetInfo says what does not work, and why", async () => {
  const { capabilities } = await clients.info.getInfo({});
  const byName = new Map(capabilities.map(({ name, available, reason }) => [name, { available, reason }]));
  expect(byName.get("close")).toEqual({ available: true, reason: "" });
  expect(byName.get("half_close")).toEqual({ available: true, reason: "" });
  for (const name of ["reset", "tcp_info", "sock_diag"]) {
    expect({ name, ...byName.get(name) }).toEqual({ name, available: false, reason: expect.stringContaining("FFI") });
  }
});

test("a close is EOF at the peer, and the session ends at the peer’s", async () => {
  const { peer, name } = await connect();
  await peer.send({ text: "hello" });
  expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("hello");
  const { session } = await clients.sessions.closeSession({ session: name });
  expect(session).toMatchObject({ finSent: true, state: Session_State.UNKNOWN });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  await peer.close();
  const ended = await clients.sessions.waitSession({ session: name, condition: ENDED });
  expect(ended.session?.receipt).toMatchObject({
    localEnd: { kind: 1 },
    peerEnd: { kind: 1 },
    final: true,
    stateBefore: Session_State.UNKNOWN,
    stateAfter: Session_State.UNKNOWN,
  });
});

test("a half-close is EOF at the peer, whose data still comes", async () => {
  const target = await judge.listen({ host: "127.0.0.1" });
  await clients.sessions.openSession({ name: "c1", target: `127.0.0.1:${target.port}` });
  const peer = await target.accept();
  await clients.sessions.sendData({ session: "c1", payload: { $case: "data", value: Buffer.alloc(100_000, "d") } });
  await clients.sessions.halfCloseSession({ session: "c1" });
  expect(await peer.recvAll()).toMatchObject({ bytes: 100_000, end: "EOF" });
  await peer.send({ text: "after" });
  expect((await clients.sessions.receiveData({ session: "c1", minBytes: 5 })).text).toBe("after");
  await peer.close();
  await clients.sessions.waitSession({ session: "c1", condition: PEER_FIN });
});

test("a reset is FFI_UNAVAILABLE, and changes nothing", async () => {
  const { peer, name } = await connect();
  expect(await failureOf(clients.sessions.resetSession({ session: name }))).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "FFI_UNAVAILABLE",
    message: expect.stringContaining("close it instead"),
  });
  await peer.send({ text: "still here" });
  expect((await peer.recv()).data.toString()).toBe("still here");
  await peer.close();
});

test("the peer’s RST on a session that is read is told as RST", async () => {
  const { peer, name } = await connect();
  await peer.close({ linger0: true });
  const { session } = await clients.sessions.waitSession({ session: name, condition: PEER_RST });
  expect(session?.receipt?.peerEnd).toMatchObject({ kind: 2, errno: "ECONNRESET" });
});

test("a wait for a state that cannot be known ends at its timeout", async () => {
  const { peer, name } = await connect();
  const waiting = clients.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT, timeout: ms(100) });
  expect(await failureOf(waiting)).toMatchObject({ code: "DEADLINE_EXCEEDED", metadata: { state: "UNKNOWN" } });
  await peer.close();
});

test("the deletion of a listener releases its sessions and tells what was sent", async () => {
  const { listener } = await clients.listeners.createListener({ name: "gone" });
  const peer = await judge.connect({ host: listener!.host, port: listener!.port });
  await clients.sessions.waitSession({ session: "gone/1" });
  const { counts } = await clients.listeners.deleteListener({ listener: "gone" });
  expect(counts).toMatchObject({ sessions: 1n, localFin: 1n, localRst: 0n });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
});
