import { readdirSync } from "node:fs";
import type { Address } from "../../src/kernel/address.js";
import { closeSockDiag, lookUp } from "../../src/kernel/sock-diag.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

// The sockets are the judge's, of another process: the kernel is asked by addresses alone.

const lookUpState = (local: Address, peer: Address) => lookUp(local, peer).state;

let judge: Judge;

beforeEach(async () => {
  judge = await startJudge();
});

afterEach(async () => {
  await judge.stop();
  closeSockDiag();
});

async function pair(host: string): Promise<{ near: Peer; far: Peer; nearEnd: Address; farEnd: Address }> {
  const listener = await judge.listen({ host });
  const near = await judge.connect({ host, port: listener.port });
  const far = await listener.accept();
  await listener.close();
  const end = (port: number): Address => ({ kind: "tcp", host, port });
  return { near, far, nearEnd: end(near.localPort), farEnd: end(listener.port) };
}

/** Reads the FIN, and acknowledges it at once: by itself the kernel may take 40 ms (RFC 1122, section 4.2.3.2). */
async function acknowledge(peer: Peer): Promise<void> {
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.setsockopt("TCP_QUICKACK", 1)).toEqual({ rc: 0 });
}

describe.each(["127.0.0.1", "::1"])("on %s", (host) => {
  test("both ends are told apart through a graceful close: FIN_WAIT2 and CLOSE_WAIT, then TIME_WAIT and CLOSED", async () => {
    const { near, far, nearEnd, farEnd } = await pair(host);
    expect([lookUpState(nearEnd, farEnd), lookUpState(farEnd, nearEnd)]).toEqual(["ESTABLISHED", "ESTABLISHED"]);
    await near.shutdown("WR");
    await acknowledge(far);
    expect([lookUpState(nearEnd, farEnd), lookUpState(farEnd, nearEnd)]).toEqual(["FIN_WAIT2", "CLOSE_WAIT"]);
    await far.close();
    await near.recv();
    await near.close();
    expect([lookUpState(nearEnd, farEnd), lookUpState(farEnd, nearEnd)]).toEqual(["TIME_WAIT", "CLOSED"]);
    expect(lookUp(nearEnd, farEnd).msLeft).toBeGreaterThan(50_000);
  });

  test("after a RST both ends are CLOSED", async () => {
    const { near, far, nearEnd, farEnd } = await pair(host);
    await near.close({ linger0: true });
    await far.recv();
    expect([lookUpState(nearEnd, farEnd), lookUpState(farEnd, nearEnd)]).toEqual(["CLOSED", "CLOSED"]);
  });
});

test("an orphan without a descriptor is still known: FIN_WAIT2", async () => {
  const { near, far, nearEnd, farEnd } = await pair("127.0.0.1");
  await near.close();
  await acknowledge(far);
  const { state, msLeft } = lookUp(nearEnd, farEnd);
  expect(state).toBe("FIN_WAIT2");
  // tcp_fin_timeout, 60 s unless somebody changed it.
  expect(msLeft).toBeGreaterThan(0);
});

test("a port that merely listens has no connection: CLOSED", async () => {
  const listener = await judge.listen({ host: "127.0.0.1" });
  const local: Address = { kind: "tcp", host: "127.0.0.1", port: listener.port };
  expect(lookUpState(local, { kind: "tcp", host: "127.0.0.1", port: 1 })).toBe("CLOSED");
});

test("a pair of addresses that never were is CLOSED, and a unix socket is UNKNOWN", () => {
  const tcp = (host: string, port: number): Address => ({ kind: "tcp", host, port });
  expect(lookUpState(tcp("127.0.0.1", 1), tcp("127.0.0.1", 2))).toBe("CLOSED");
  expect(lookUpState(tcp("2001:db8::1", 1), tcp("fe80::1%lo", 2))).toBe("CLOSED");
  expect(lookUpState({ kind: "unix", path: "/a" }, { kind: "unix", path: "" })).toBe("UNKNOWN");
});

test("1000 look-ups need one descriptor", () => {
  const tcp = (port: number): Address => ({ kind: "tcp", host: "127.0.0.1", port });
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  for (let i = 0; i < 1000; i++) lookUpState(tcp(1), tcp(2));
  expect(descriptors()).toBe(before + 1);
  closeSockDiag();
  expect(descriptors()).toBe(before);
});
