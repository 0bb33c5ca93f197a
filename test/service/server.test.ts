import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { createClient } from "nice-grpc";
import { HealthDefinition } from "nice-grpc-server-health";
import { pino } from "pino";
import { startDaemon } from "../../src/daemon.js";
import { StartError } from "../../src/start-error.js";
import { Clients, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";

let daemon: TestDaemon;

beforeEach(async () => {
  daemon = await startTestDaemon();
});

afterEach(async () => {
  await daemon.stop();
});

const services = [
  "hangup.v1.ListenerService",
  "hangup.v1.SessionService",
  "hangup.v1.EventService",
  "hangup.v1.DaemonService",
  "grpc.health.v1.Health",
];

describe("health", () => {
  test.each(["", ...services])('of "%s" is SERVING', async (service) => {
    const health = createClient(HealthDefinition, daemon.channel);
    expect(await health.check({ service })).toMatchObject({ status: 1 });
  });

  test("of a service that does not exist is NOT_FOUND", async () => {
    const health = createClient(HealthDefinition, daemon.channel);
    expect(await failureOf(health.check({ service: "nothing" }))).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const raw = (value: Uint8Array) => Buffer.from(value);

  /** One question; the messages are read by hand, so that nothing of the server's library judges itself. */
  async function ask(field: number, text: string): Promise<Map<number, Uint8Array>> {
    const client = createClient(
      {
        info: {
          path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
          requestStream: true,
          responseStream: true,
          requestSerialize: raw,
          requestDeserialize: raw,
          responseSerialize: raw,
          responseDeserialize: raw,
          options: {},
        },
      } as const,
      daemon.channel,
    );
    const question = Buffer.from([(field << 3) | 2, text.length, ...Buffer.from(text)]);
    async function* requests() {
      yield question;
    }
    for await (const reply of client.info(requests())) return new Map(fields(reply));
    throw new Error("no answer");
  }

  /** The length-delimited fields of a message. */
  function fields(bytes: Uint8Array): [number, Uint8Array][] {
    const reader = new BinaryReader(bytes);
    const found: [number, Uint8Array][] = [];
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type === WireType.LengthDelimited) found.push([number, reader.bytes()]);
      else reader.skip(type);
    }
    return found;
  }

  test("lists every service of the daemon", async () => {
    const answer = (await ask(7, "*")).get(6);
    const names = fields(answer!).map(([, service]) => Buffer.from(fields(service)[0]![1]).toString());
    expect(names).toEqual(expect.arrayContaining(services));
  });

  test.each([...services, "google.rpc.BadRequest", "google.rpc.ErrorInfo", "hangup.v1.Receipt"])(
    "has the file of %s",
    async (symbol) => {
      const answer = await ask(4, symbol);
      const files = fields(answer.get(4) ?? new Uint8Array()).map(([, file]) => Buffer.from(file).toString("latin1"));
      expect(files.length).toBeGreaterThan(0);
      expect(files.some((file) => file.includes(symbol.split(".").at(-1)!))).toBe(true);
    },
  );
});

describe("listening", () => {
  const logger = pino({ level: "silent" });

  test("on ::1 and on a unix socket answers calls, and the socket file goes with it", async () => {
    await using six = await startDaemon({ listen: { kind: "tcp", host: "::1", port: 0 }, logger });
    expect(six.address).toMatch(/^\[::1\]:\d+$/);
    await using bySix = new Clients(six.address);
    expect((await bySix.info.getInfo({})).address).toBe(six.address);

    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const path = join(folder, "api.sock");
      const unix = await startDaemon({ listen: { kind: "unix", path }, logger });
      await using byUnix = new Clients(unix.address);
      expect((await byUnix.info.getInfo({})).address).toBe(`unix:${path}`);
      await unix.stop();
      expect(existsSync(path)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("on a port that is taken is one clear line", async () => {
    const port = Number(daemon.daemon.address.split(":").at(-1));
    const failing = startDaemon({ listen: { kind: "tcp", host: "127.0.0.1", port }, logger });
    await expect(failing).rejects.toThrow(StartError);
    await expect(failing).rejects.toThrow(/^127\.0\.0\.1:\d+ is in use \(EADDRINUSE\)[^\n]*$/);
  });

  test.each(["0.0.0.0", "::", "192.0.2.1"])(
    "on %s, which others can reach, is refused without --insecure",
    async (host) => {
      await expect(startDaemon({ listen: { kind: "tcp", host, port: 0 }, logger })).rejects.toThrow(/--insecure/);
    },
  );
});

describe("GetInfo", () => {
  test("tells what the daemon is and what works here", async () => {
    const info = await daemon.info.getInfo({});
    expect(info).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      apiVersion: "hangup.v1",
      uid: daemon.daemon.uid,
      pid: process.pid,
      address: daemon.daemon.address,
      runtime: `node ${process.versions.node}`,
      limits: { journalEvents: 10_000, messageBytes: 16 * 1024 * 1024 },
    });
    const close = info.capabilities.find(({ name }) => name === "close");
    expect(close).toEqual({ name: "close", available: true, reason: "" });
    for (const { available, reason } of info.capabilities) expect(available).toBe(reason === "");
  });

  test("Shutdown answers, and then the daemon is gone", async () => {
    expect(await daemon.info.shutdown({})).toEqual({});
    await daemon.daemon.ended;
    expect(await failureOf(daemon.info.getInfo({}))).toMatchObject({ code: "UNAVAILABLE" });
  });
});
