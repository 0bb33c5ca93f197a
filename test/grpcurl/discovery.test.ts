import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChannel, createClient } from "nice-grpc";
import { reflectionDefinitions } from "../../src/service/reflection.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { Grpcurl } from "./grpcurl.js";

let daemon: TestDaemon;
let grpcurl: Grpcurl;

beforeEach(async () => {
  daemon = await startTestDaemon();
  grpcurl = new Grpcurl(daemon.daemon.address);
});

afterEach(async () => {
  await daemon.stop();
});

const services = [
  "grpc.health.v1.Health",
  "hangup.v1.CaptureService",
  "hangup.v1.ControlService",
  "hangup.v1.DaemonService",
  "hangup.v1.EventService",
  "hangup.v1.ListenerService",
  "hangup.v1.ScopeService",
  "hangup.v1.SessionService",
];

describe("a client without proto files", () => {
  test("lists the services, and the methods of each", async () => {
    expect(await grpcurl.run("list")).toEqual({ code: 0, stdout: `${services.join("\n")}\n`, stderr: "" });
    const { stdout } = await grpcurl.run("list", "hangup.v1.ListenerService");
    expect(stdout.trim().split("\n")).toEqual(
      ["CreateListener", "DeleteListener", "GetListener", "ListListeners", "UpdateListener"].map(
        (method) => `hangup.v1.ListenerService.${method}`,
      ),
    );
  });

  test.each(services)("describes %s and every message of it", async (service) => {
    const { code, stdout } = await grpcurl.run("describe", service);
    expect(code).toBe(0);
    const messages = new Set([...stdout.matchAll(/\( (?:stream )?\.([\w.]+) \)/g)].map(([, name = ""]) => name));
    expect(messages.size).toBeGreaterThan(1);
    for (const message of messages) {
      expect(await grpcurl.run("describe", message)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("message"),
      });
    }
  });

  test("is told SERVING by the health service, for the daemon and for each of our services", async () => {
    for (const service of ["", ...services]) {
      const { code, stdout } = await grpcurl.call("grpc.health.v1.Health/Check", JSON.stringify({ service }));
      expect({ service, code, reply: JSON.parse(stdout) }).toEqual({ service, code: 0, reply: { status: "SERVING" } });
    }
  });

  test.each(["v1", "v1alpha"])("may ask by reflection %s", async (version) => {
    const definition = reflectionDefinitions.find(({ serverReflectionInfo }) =>
      serverReflectionInfo.path.startsWith(`/grpc.reflection.${version}.`),
    );
    if (definition === undefined) throw new Error(`no reflection ${version}`);
    const channel = createChannel(daemon.daemon.address);
    try {
      // ServerReflectionRequest { list_services: "" }
      const replies = createClient(definition, channel).serverReflectionInfo(requests(Buffer.of(0x3a, 0)));
      const { value } = await replies[Symbol.asyncIterator]().next();
      for (const service of services) expect(String(value)).toContain(service);
    } finally {
      channel.close();
    }
  });
});

async function* requests(...messages: Buffer[]): AsyncGenerator<Buffer> {
  yield* messages;
}

test("a daemon on a unix socket answers `grpcurl -unix`", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hangup-"));
  try {
    const path = join(folder, "api.sock");
    await using local = await startTestDaemon({ listen: { kind: "unix", path } });
    const overUnix = new Grpcurl(local.daemon.address);
    expect((await overUnix.run("list")).stdout.trim().split("\n")).toEqual(services);
    expect(await overUnix.reply("DaemonService/GetInfo", "{}")).toMatchObject({ address: `unix:${path}` });
  } finally {
    await rm(folder, { recursive: true });
  }
});
