import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { ErrorInfo } from "nice-grpc-error-details";
import { pino } from "pino";
import { type Daemon, startDaemon } from "../../src/daemon.js";
import { Status } from "../../src/gen/google/rpc/status.js";
import { StartError } from "../../src/start-error.js";
import { ask, askEvery, everyRpc } from "../support/every-rpc.js";
import { startTestDaemon } from "../support/daemon.js";

const token = "0123456789abcdef0123456789abcdef";
const logger = pino({ level: "silent" });
const loopback = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

let folder: string;
let tokenFile: string;
let guarded: Daemon;
let open: Daemon;
let client: Client;
let openClient: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
  tokenFile = join(folder, "token");
  writeFileSync(tokenFile, `${token}\n`);
  guarded = await startDaemon({ listen: loopback, logger, tokenFile });
  open = await startDaemon({ listen: loopback, logger });
  client = new Client(guarded.address, credentials.createInsecure());
  openClient = new Client(open.address, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  openClient.close();
  await Promise.all([guarded.stop(), open.stop()]);
  rmSync(folder, { recursive: true });
});

function authorization(value: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", value);
  return metadata;
}

const right = authorization(`Bearer ${token}`);

/** The reason in the details of a status. */
function reasonOf(metadata: Metadata | undefined): string {
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(bytes)) throw new Error("a status without details");
  const { code, details } = Status.decode(bytes);
  expect({ code, types: details.map(({ typeUrl }) => typeUrl) }).toEqual({
    code: status.UNAUTHENTICATED,
    types: ["type.googleapis.com/google.rpc.ErrorInfo"],
  });
  const { reason, domain } = ErrorInfo.decode(details[0]!.value);
  expect(domain).toBe("hangup.v1");
  return reason;
}

test("the methods that are asked are those of all services, health and reflection included", () => {
  const services = new Set(everyRpc().map(({ path }) => path.split("/")[1]));
  const known = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "hangup.v1.CaptureService",
    "hangup.v1.ControlService",
    "hangup.v1.DaemonService",
    "hangup.v1.EventService",
    "hangup.v1.ListenerService",
    "hangup.v1.ScopeService",
    "hangup.v1.SessionService",
  ];
  expect(services).toEqual(new Set(known));
  expect(everyRpc().length).toBeGreaterThan(30);
});

describe.each(everyRpc().map((rpc) => [rpc.path, rpc] as const))("%s", (_, rpc) => {
  test("is UNAUTHENTICATED without a token", async () => {
    const { code, metadata, details } = await ask(client, rpc, new Metadata());
    expect({ code, reason: reasonOf(metadata) }).toEqual({ code: "UNAUTHENTICATED", reason: "TOKEN_MISSING" });
    expect(details).toContain("authorization: Bearer");
  });

  test("is UNAUTHENTICATED with a wrong token", async () => {
    const { code, metadata } = await ask(client, rpc, authorization(`Bearer ${token.replace("0", "1")}`));
    expect({ code, reason: reasonOf(metadata) }).toEqual({ code: "UNAUTHENTICATED", reason: "TOKEN_WRONG" });
  });

  test("is UNAUTHENTICATED before a message is sent", async () => {
    expect((await ask(client, rpc, new Metadata(), { silent: true })).code).toBe("UNAUTHENTICATED");
  });

  test("with the token it is answered as by a daemon that wants none", async () => {
    const { code } = await ask(client, rpc, right);
    expect(code).not.toBe("UNAUTHENTICATED");
    expect(code).toBe((await ask(openClient, rpc, new Metadata())).code);
  });
});

test.each([
  ["the beginning of the token", `Bearer ${token.slice(0, -1)}`],
  ["the token and more", `Bearer ${token}0`],
  ["the token in another case", `Bearer ${token.toUpperCase()}`],
  ["the token alone", token],
  ["another scheme", `Basic ${token}`],
  ["no token", "Bearer "],
  ["the empty string", ""],
])("%s is none", async (_, value) => {
  await using daemon = await startTestDaemon({ tokenFile });
  const codes = await askEvery(daemon.daemon.address, authorization(value));
  expect(new Set(Object.values(codes))).toEqual(new Set(["UNAUTHENTICATED"]));
});

test("the name of the scheme is case-insensitive (RFC 9110, section 11.1)", async () => {
  await using daemon = await startTestDaemon({ tokenFile });
  const own = new Client(daemon.daemon.address, credentials.createInsecure());
  const getInfo = { path: "/hangup.v1.DaemonService/GetInfo", clientStreams: false };
  expect((await ask(own, getInfo, authorization(`bearer ${token}`))).code).toBe("OK");
  own.close();
});

test("with openHealth health answers without a token, and nothing else does", async () => {
  await using daemon = await startTestDaemon({ tokenFile, openHealth: true });
  const codes = await askEvery(daemon.daemon.address, new Metadata());
  const answered = Object.keys(codes).filter((path) => codes[path] !== "UNAUTHENTICATED");
  expect(answered.length).toBeGreaterThan(1);
  expect(answered.filter((path) => !path.startsWith("/grpc.health.v1.Health/"))).toEqual([]);
});

test("a unix socket wants the token too", async () => {
  const path = join(folder, "api.sock");
  await using daemon = await startDaemon({ listen: { kind: "unix", path }, logger, tokenFile });
  const codes = await askEvery(daemon.address, new Metadata());
  expect(new Set(Object.values(codes))).toEqual(new Set(["UNAUTHENTICATED"]));
});

describe("a daemon does not start", () => {
  const outside = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;

  test("where others reach it and nothing keeps them out", async () => {
    await expect(startDaemon({ listen: outside, logger })).rejects.toMatchObject({
      reason: "INSECURE_ADDRESS",
      message: expect.stringMatching(/--token-file.*--tls-client-ca.*--insecure/),
    });
  });

  test("when health is to be open and all is", async () => {
    const starting = startDaemon({ listen: loopback, logger, openHealth: true });
    await expect(starting).rejects.toMatchObject({ reason: "TOKEN_FILE" });
  });

  test.each([
    ["that is not there", undefined, /cannot be read \(ENOENT\)/],
    ["that is empty", "", /is empty/],
    ["of a newline alone", "\n", /is empty/],
    ["of 15 characters", "123456789012345\n", /15 characters; use at least 16/],
    ["of two lines", `${token}\n${token}\n`, /more than one line/],
    ["with a blank in its token", "0123456789 abcdef\n", /a blank/],
    ["with a character that is not ASCII", "0123456789abcdéf\n", /not ASCII/],
  ])("with a token file %s", async (_, text, message) => {
    const path = join(folder, "bad");
    rmSync(path, { force: true });
    if (text !== undefined) writeFileSync(path, text);
    const error = await startDaemon({ listen: loopback, logger, tokenFile: path }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ reason: "TOKEN_FILE", message: expect.stringMatching(message) });
    // One line, and nothing of the file.
    expect((error as Error).message).not.toMatch(/\n|0123456789/);
  });

  test("with a token file that is a directory", async () => {
    const starting = startDaemon({ listen: loopback, logger, tokenFile: folder });
    await expect(starting).rejects.toMatchObject({ reason: "TOKEN_FILE", message: expect.stringContaining("EISDIR") });
  });
});

test.each(["", "\n", "\r\n"])("a token of 16 characters before %j is one", async (end) => {
  const path = join(folder, "short");
  writeFileSync(path, `0123456789abcdef${end}`);
  await using daemon = await startTestDaemon({
    tokenFile: path,
    listen: { kind: "tcp", host: "0.0.0.0", port: 0 },
  });
  const own = new Client(daemon.daemon.address, credentials.createInsecure());
  const getInfo = { path: "/hangup.v1.DaemonService/GetInfo", clientStreams: false };
  expect((await ask(own, getInfo, authorization("Bearer 0123456789abcdef"))).code).toBe("OK");
  own.close();
});
