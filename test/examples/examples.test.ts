import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { examples, exampleText, serveExample, type ServedExample } from "./examples.js";

// What each example does to a client, by the errno at the far end.

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

async function asked(example: ServedExample, text = request): Promise<Peer> {
  const peer = await judge.connect({ host: example.host, port: example.port });
  expect(await peer.send({ text })).toEqual({ rc: text.length });
  return peer;
}

/** All that comes, and how it ends. */
async function rest(peer: Peer): Promise<{ data: string; end: string }> {
  const { data, end } = await peer.recvAll();
  return { data: data.toString("latin1"), end };
}

const facts: Readonly<Record<string, (example: ServedExample) => Promise<void>>> = {
  "http-reset-in-body": async (example) => {
    const cut = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789";
    expect(await rest(await asked(example))).toEqual({ data: cut, end: "ECONNRESET" });
  },
  "http-eof-before-status": async (example) => {
    expect(await rest(await asked(example))).toEqual({ data: "", end: "EOF" });
  },
  "http-eof-in-body": async (example) => {
    const cut = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789";
    expect(await rest(await asked(example))).toEqual({ data: cut, end: "EOF" });
  },
  "slow-drip": async (example) => {
    const whole = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789";
    const begun = performance.now();
    expect(await rest(await asked(example))).toEqual({ data: whole, end: "EOF" });
    expect(performance.now() - begun).toBeGreaterThan(whole.length * 20 - 100);
  },
  "third-try": async (example) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await rest(await asked(example))).toEqual({ data: "", end: "ECONNRESET" });
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthird";
      expect(await rest(await asked(example))).toEqual({ data: whole, end: "EOF" });
    }
  },
  "half-open": async (example) => {
    const peer = await asked(example);
    expect((await peer.recv({ max: 100 })).data.toString()).toBe("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
    // The packets are lost from the step on, which may be a moment after the client has read.
    await example.served.verb("watch", "--after-sequence", "0", "--kinds", "plan_step_fired", "--max-events", "2");
    await peer.send({ text: request });
    expect((await peer.recv({ deadlineMs: 300 })).errno).toBe("ETIMEDOUT_JUDGE");
    expect(await peer.tcpState()).toBe("ESTABLISHED");
  },
  refused: async ({ host, port, listener, served }) => {
    expect(await judge.tryConnect({ host, port })).toEqual({ ok: false, errno: "ECONNREFUSED", call: "connect" });
    await served.verb("update", listener, "--state", "listening");
    expect(await judge.tryConnect({ host, port })).toMatchObject({ ok: true });
  },
  "reset-on-accept": async (example) => {
    const attempt = await judge.tryConnect({ host: example.host, port: example.port });
    const end = attempt.ok ? (await attempt.peer.recv()).end : attempt.errno;
    expect(end).toBe("ECONNRESET");
  },
  "redis-reset": async (example) => {
    const ping = "*1\r\n$4\r\nPING\r\n";
    const peer = await asked(example, ping);
    expect((await peer.recv({ max: 100 })).data.toString()).toBe("+PONG\r\n");
    await peer.send({ text: ping });
    expect((await peer.recv()).end).toBe("ECONNRESET");
  },
  "postgres-reset-at-startup": async (example) => {
    const peer = await ready(example);
    await peer.send({ data: Buffer.from("\0\0\0\x08\0\x03\0\0", "latin1") });
    expect((await peer.recv()).end).toBe("ECONNRESET");
  },
  "postgres-reset-at-query": async (example) => {
    const peer = await ready(example);
    await peer.send({ text: "\0\0\0\x29\0\x03\0\0user\0me\0application_name\0psql\0\0" });
    expect((await peer.recv({ max: 100 })).data.toString("latin1")).toBe("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I");
    await peer.send({ text: "Q\0\0\0\x0dselect 1\0" });
    expect((await peer.recv()).end).toBe("ECONNRESET");
  },
  "tls-plain-text": async (example) => {
    const answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    expect(await rest(await asked(example, "\x16\x03\x01"))).toEqual({ data: answer, end: "EOF" });
  },
  "tls-reset-after-hello": async (example) => {
    expect(await rest(await asked(example, "\x16\x03\x01"))).toEqual({ data: "", end: "ECONNRESET" });
  },
};

/** A client whose SSLRequest was answered. */
async function ready(example: ServedExample): Promise<Peer> {
  const peer = await judge.connect({ host: example.host, port: example.port });
  await peer.send({ data: Buffer.from("\0\0\0\x08\x04\xd2\x16\x2f", "latin1") });
  expect((await peer.recv({ max: 100 })).data.toString()).toBe("N");
  return peer;
}

test("each example has its facts here", () => expect(examples()).toEqual(Object.keys(facts).toSorted()));

test.each(examples())("%s tells how it is run", (name) => {
  expect(exampleText(name)).toContain(`#   hangup serve --fixture examples/${name}.yaml\n`);
});

test.each(examples())("%s does what it says", async (name) => {
  await using example = await serveExample(name);
  await facts[name]?.(example);
});
