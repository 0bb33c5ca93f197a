import { Client, credentials, Metadata, type StatusObject, status as Status } from "@grpc/grpc-js";
import { HealthDefinition } from "nice-grpc-server-health";
import { CaptureServiceDefinition } from "../../src/gen/hangup/v1/capture.js";
import { ControlServiceDefinition } from "../../src/gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import { EventServiceDefinition } from "../../src/gen/hangup/v1/event.js";
import { ListenerServiceDefinition } from "../../src/gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { SessionServiceDefinition } from "../../src/gen/hangup/v1/session.js";
import { FuzzedDaemon } from "./fuzzed-daemon.js";
import { randomBytes, randomMessage, undecodable } from "./garbage.js";
import { Random } from "./random.js";

// Requests that no client of the contract would send. Whatever it is, it is the caller's fault, is said so, and nobody
// else feels it.

/** Another one: HANGUP_FUZZ_SEED=1 npx jest test/hostile/fuzz. */
const seed = Number(process.env["HANGUP_FUZZ_SEED"] ?? 4264);
const messagesOfEach = 60;
const atOnce = 32;
/** Long waits may be what is asked: then it is we who give up. */
const callMs = 500;

const methods = [
  CaptureServiceDefinition,
  ControlServiceDefinition,
  DaemonServiceDefinition,
  EventServiceDefinition,
  HealthDefinition,
  ListenerServiceDefinition,
  ScopeServiceDefinition,
  SessionServiceDefinition,
].flatMap(({ fullName, methods: all }) => Object.values(all).map(({ name }) => `/${fullName}/${name}`));

let daemon: FuzzedDaemon;
let client: Client;

beforeEach(async () => {
  daemon = await FuzzedDaemon.start();
  // A connection of its own, and nothing kept back by our own side.
  client = new Client(daemon.address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_send_message_length": -1,
  });
});

afterEach(async () => {
  client.close();
  await daemon[Symbol.asyncDispose]();
});

/** Calls a method with these bytes as the request. Gives the status by name and the reason, if one is told. */
async function call(path: string, bytes: Buffer, timeoutMs = callMs): Promise<string> {
  const same = (buffer: Buffer) => buffer;
  const deadline = Date.now() + timeoutMs;
  // A reply of one message is a stream of one.
  const stream = client.makeBidiStreamRequest(path, same, same, new Metadata(), { deadline });
  const over = new Promise<StatusObject>((resolve) => stream.on("status", resolve));
  stream.on("error", () => undefined).resume();
  stream.write(bytes);
  stream.end();
  const { code, metadata } = await over;
  const details = metadata.get("grpc-status-details-bin").map(String).join();
  const reason = /[A-Z]+(_[A-Z]+)+/.exec(details)?.[0];
  return [Status[code], ...(reason === undefined ? [] : [reason])].join(" ");
}

async function manyTimes(count: number, each: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

test("any bytes as the request of any method are refused as the caller’s fault, or are a request", async () => {
  const random = new Random(seed);
  const wrong = new Map<string, string>();
  const codes = new Map<string, number>();
  const calls = methods.flatMap((path) =>
    Array.from({ length: messagesOfEach }, (_, index) => {
      // The one call that would be obeyed.
      if (path.endsWith("/Shutdown")) return { path, bytes: Buffer.concat([undecodable, randomBytes(random, 50)]) };
      return { path, bytes: index % 3 === 0 ? randomBytes(random, 200) : randomMessage(random) };
    }),
  );
  const fuzzing = manyTimes(calls.length, async (index) => {
    const { path, bytes } = calls[index]!;
    const outcome = await call(path, bytes);
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
    if (/^(INTERNAL|UNKNOWN|UNAVAILABLE|DATA_LOSS)/.test(outcome)) {
      wrong.set(`${path} ${outcome}`, `seed ${seed}: ${bytes.toString("hex")}`);
    }
  });
  await daemon.answersDuring(fuzzing);
  expect(wrong).toEqual(new Map());
  // Both happened.
  expect(codes.get("OK")).toBeGreaterThan(0);
  expect(codes.get("INVALID_ARGUMENT INVALID_MESSAGE")).toBeGreaterThan(0);
  client.close();
  await daemon.endsWell();
}, 120_000);

test("a request that breaks off is INVALID_ARGUMENT for every method", async () => {
  const outcomes = await Promise.all(methods.map(async (path) => `${path} ${await call(path, undecodable, 20_000)}`));
  expect(outcomes).toEqual(methods.map((path) => `${path} INVALID_ARGUMENT INVALID_MESSAGE`));
  await daemon.endsWell();
});

test("a request past the message limit is RESOURCE_EXHAUSTED, and so is none of the next", async () => {
  const big = Buffer.alloc((await daemon.messageBytes()) + 1);
  expect(await call("/hangup.v1.SessionService/SendData", big)).toBe("RESOURCE_EXHAUSTED");
  expect(await call("/hangup.v1.SessionService/ListSessions", Buffer.alloc(0))).toBe("OK");
  await daemon.endsWell();
});

test("a method or a service that is not there is UNIMPLEMENTED", async () => {
  for (const path of ["/hangup.v1.SessionService/Nothing", "/hangup.v9.SessionService/GetSession", "/", "//"]) {
    expect(await call(path, Buffer.alloc(0))).toBe("UNIMPLEMENTED");
  }
  await daemon.endsWell();
});
