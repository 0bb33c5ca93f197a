import { chmod, lstat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Gauge, Registry } from "prom-client";
import { serveMetrics } from "../../src/observability/metrics-endpoint.js";
import { portOf, scratchDirectory } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";
import { Scrape } from "../support/metrics.js";

const anywhere = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
/** Longer than any of these tests. */
const longMs = 60_000;

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

function registryOf(lines: number): Registry {
  const registry = new Registry();
  const gauge = new Gauge({ name: "things", help: "things", labelNames: ["of"], registers: [registry] });
  for (let i = 0; i < lines; i++) gauge.set({ of: `${i}-${"x".repeat(1000)}` }, i);
  return registry;
}

describe("the metrics endpoint", () => {
  test.each([
    ["a scrape", "GET /metrics HTTP/1.0\r\n\r\n", 200],
    ["HEAD", "HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n", 200],
    ["a scrape with a query", "GET /metrics?name=x HTTP/1.1\r\nhost: x\r\n\r\n", 200],
    ["POST", "POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", 405],
    ["another path", "GET / HTTP/1.1\r\nhost: x\r\n\r\n", 404],
    ["a URL that is none", "GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n", 404],
    ["TLS", "\x16\x03\x01\x02\x00\x01 is no HTTP\r\n\r\n", 400],
    ["headers without end", `GET /metrics HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(9000)}\r\n\r\n`, 431],
  ])("%s is answered, and the connection ends", async (_, text, status) => {
    await using endpoint = await serveMetrics(registryOf(1), anywhere, longMs);
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(endpoint.address) });
    await peer.sendAll({ text });
    const { data, end } = await peer.recvAll();
    expect(data.toString().split(" ", 2)).toEqual(["HTTP/1.1", String(status)]);
    expect(["EOF", "ECONNRESET"]).toContain(end);
    await peer.close();
  });

  test("a client that says nothing is cut off, and so is one that does not read", async () => {
    await using endpoint = await serveMetrics(registryOf(20_000), anywhere, 300);
    const at = { host: "127.0.0.1", port: portOf(endpoint.address) };
    const deaf = await judge.connect({ ...at, rcvbuf: 4096 });
    await deaf.sendAll({ text: "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" });
    // It came later, so the other's time is up before its own.
    const silent = await judge.connect(at);
    expect((await silent.recvAll()).end).toBe("EOF");
    // What it has not taken by then is thrown away with the connection.
    expect((await deaf.recvAll()).bytes).toBeLessThan(20_000_000);
  });

  test("clients beyond the bound are turned away while the daemon's loop goes on", async () => {
    await using endpoint = await serveMetrics(registryOf(1), anywhere, longMs);
    const at = { host: "127.0.0.1", port: portOf(endpoint.address) };
    const silent = [];
    for (let i = 0; i < 32; i++) silent.push(await judge.connect(at));
    const beyond = await judge.connect(at);
    expect(["EOF", "ECONNRESET"]).toContain((await beyond.recvAll()).end);
    for (const peer of silent) await peer.close();
    // Seen by the server when its loop comes to it: ask until there is room, to the deadline of the test.
    for (;;) {
      const scrape = await Scrape.of(endpoint.address).catch(() => undefined);
      if (scrape === undefined) continue;
      expect(scrape.names).toContain("things");
      break;
    }
  });

  test("those who ask at once get one and the same scrape", async () => {
    const registry = new Registry();
    let collected = 0;
    const gauge = new Gauge({
      name: "things",
      help: "things",
      registers: [],
      async collect() {
        collected += 1;
        await gate;
      },
    });
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    registry.registerMetric(gauge);
    await using endpoint = await serveMetrics(registry, anywhere, longMs);
    const at = { host: "127.0.0.1", port: portOf(endpoint.address) };
    const both = [await judge.connect(at), await judge.connect(at)];
    for (const peer of both) await peer.sendAll({ text: "GET /metrics HTTP/1.0\r\n\r\n" });
    // What was there before it is read no later than in the turn of the loop that reads this one.
    await fetch(`http://${endpoint.address}/`);
    open();
    for (const peer of both) expect((await peer.recvAll()).data.toString()).toContain("200 OK");
    expect(collected).toBe(1);
  });

  test("a unix socket is its owner's alone, and goes with the daemon", async () => {
    await using directory = await scratchDirectory();
    await chmod(directory.path, 0o755);
    const path = join(directory.path, "metrics.sock");
    {
      await using endpoint = await serveMetrics(registryOf(1), { kind: "unix", path }, longMs);
      expect(endpoint.address).toBe(`unix:${path}`);
      expect((await lstat(path)).mode & 0o777).toBe(0o600);
      const status = await new Promise((resolve, reject) => {
        request({ socketPath: path, path: "/metrics" }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on("error", reject)
          .end();
      });
      expect(status).toBe(200);
    }
    await expect(lstat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
