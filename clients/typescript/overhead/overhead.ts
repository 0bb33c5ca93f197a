import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startHangup } from "hangup";
import { createChannel, createClient } from "nice-grpc";
import { ListenerServiceDefinition } from "../../../src/gen/hangup/v1/listener.js";
import { SessionServiceDefinition } from "../../../src/gen/hangup/v1/session.js";

// One cycle is: a TCP connect, the session of it, its reset, and ECONNRESET at the test's socket. Through the client and
// through the bare stubs of nice-grpc in turns, so that what else the machine does meets both.

const rounds = process.argv.includes("--quick") ? 10 : 40;
const cyclesOfRound = 25;

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** The RST came, and as nothing else. */
async function sawReset(socket: Socket): Promise<void> {
  const [error] = (await once(socket, "close").then(
    () => [new Error("it ended otherwise")],
    (thrown: unknown) => [thrown],
  )) as [NodeJS.ErrnoException];
  if (error.code !== "ECONNRESET") throw error;
}

await using fixture = await startHangup({ name: "overhead" });
const listener = await fixture.listen({ name: "client" });
const bare = await fixture.listen({ name: "stub" });

const channel = createChannel(fixture.daemonAddress);
const sessions = createClient(SessionServiceDefinition, channel);
await createClient(ListenerServiceDefinition, channel).getListener({ scope: fixture.scope, listener: bare.name });

async function throughClient(): Promise<void> {
  const socket = await connected(listener.port);
  const seen = sawReset(socket);
  const session = await listener.accepted(socket);
  await session.reset();
  await seen;
}

/** Ports come round again: what was opened before is not meant. */
let openedAfterSequence = 0n;

async function throughStub(): Promise<void> {
  const { scope } = fixture;
  const socket = await connected(bare.port);
  const seen = sawReset(socket);
  const peerPort = socket.localPort ?? 0;
  const { session } = await sessions.waitSession({ scope, listener: bare.name, peerPort, openedAfterSequence });
  openedAfterSequence = session?.openedSequence ?? 0n;
  await sessions.resetSession({ scope, session: session?.name ?? "", uid: session?.uid ?? "" });
  await seen;
}

async function micros(cycle: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await cycle();
  return (performance.now() - began) * 1000;
}

const measured: Record<"client" | "stub", number[]> = { client: [], stub: [] };
const ways = { client: throughClient, stub: throughStub };
for (const cycle of Object.values(ways)) for (let warm = 0; warm < 50; warm += 1) await cycle();
for (let round = 0; round < rounds; round += 1) {
  // Who goes first changes each time.
  const order = (["client", "stub"] as const).toSorted(() => (round % 2 === 0 ? 1 : -1));
  for (const way of order) {
    for (let cycle = 0; cycle < cyclesOfRound; cycle += 1) measured[way].push(await micros(ways[way]));
  }
}
channel.close();

const median = (values: readonly number[]) => Math.round(values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0);
console.log(
  JSON.stringify({
    language: "typescript",
    version: `Node ${process.versions.node}`,
    cycles: measured.client.length,
    clientMicros: median(measured.client),
    stubMicros: median(measured.stub),
    via: "control stream",
  }),
);
