// Replays, with real sockets, how one connection ends by Close() and another by SetLinger(0) and Close(). The daemon
// is commanded over gRPC; the client makes blocking system calls, so that nothing stands between it and its errno.
// Each thing printed was claimed before: the exit code is 1 as soon as one is not so.
import { destination, pino } from "pino";
import { startDaemon } from "../src/daemon.js";
import type { Session } from "../src/gen/hangup/v1/session.js";
import { session_StateFromJSON, waitSessionRequest_ConditionFromJSON } from "../src/gen/hangup/v1/session.js";
import { type Judge, type Peer, startJudge } from "../test/support/judge.js";
import { claim, ClaimError, claimThat } from "./claims.js";
import { type Commands, commandsTo, factsOf, receiptLines, stateOf } from "./commands.js";
import { Ladder } from "./ladder.js";
import { flagsOf, type Wire, watchWire } from "./wire.js";

/** What each chapter is played with. */
interface Stage {
  readonly commands: Commands;
  readonly judge: Judge;
  readonly wire: Wire;
  readonly ladder: Ladder;
  readonly port: number;
}

const ended = waitSessionRequest_ConditionFromJSON("ENDED");

async function main(): Promise<void> {
  const ladder = new Ladder((line) => console.log(line));
  await using daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "warn" }, destination(2)),
  });
  using commands = commandsTo(daemon.address);
  const { listener } = await commands.listeners.createListener({ name: "echo" });
  claimThat("the listener has a port", listener !== undefined && listener.port > 0);
  const port = listener?.port ?? 0;
  console.log(`The daemon takes commands on ${daemon.address}; its listener "echo" listens on 127.0.0.1:${port}.`);
  await using wire = await watchWire(port);
  await using judge = await startJudge();
  const stage: Stage = { commands, judge, wire, ladder, port };

  await close(stage);
  await reset(stage);
  await resetWithPendingData(stage);

  console.log("");
  console.log(
    wire.missing === undefined
      ? "In what tcpdump saw, > is from the daemon and < from the client; S is SYN, F is FIN, R is RST, P is PSH, . is ACK."
      : `The flags on the wire were not captured: ${wire.missing}`,
  );
  console.log("Every ending was what it said.");
}

async function close(stage: Stage): Promise<void> {
  const { commands, ladder } = stage;
  ladder.title("1. CloseSession, as an application's Close(): the orderly release");
  const { client, session } = await connectAndEcho(stage);

  const reply = await commands.sessions.closeSession({ session: session.name });
  claim("our end so far", factsOf(reply.receipt).local, "FIN by CloseSession");
  ladder.rung("CloseSession", "FIN", ">", "");
  const end = await client.recv();
  claim("the client's next read", end.end, "EOF");
  ladder.states("", "recv = 0: EOF");
  const half = await commands.sessions.waitSession({
    session: session.name,
    state: session_StateFromJSON("FIN_WAIT2"),
  });
  const clientState = await client.tcpState();
  claim("the client's state", clientState, "CLOSE_WAIT");
  ladder.states(stateOf(half.session?.state), clientState);

  claim("the client's close", (await client.close()).rc, 0);
  ladder.rung("", "FIN", "<", "close = 0");
  const over = await commands.sessions.waitSession({ session: session.name, condition: ended });
  claim("the receipt of the close", factsOf(over.session?.receipt), {
    local: "FIN by CloseSession",
    peer: "FIN by PEER",
    before: "ESTABLISHED",
    after: "TIME_WAIT",
    final: true,
  });
  ladder.states("TIME_WAIT, for 60 s", "");

  const flags = await showReceipt(stage, over.session, client.localPort);
  if (flags === undefined) return;
  ladder.note("tcpdump", flags.join(" "));
  claim(
    "FINs on the wire",
    flags.filter((flag) => flag.includes("F")),
    [">[F.]", "<[F.]"],
  );
  claim(
    "RSTs on the wire",
    flags.filter((flag) => flag.includes("R")),
    [],
  );
}

async function reset(stage: Stage): Promise<void> {
  const { commands, ladder } = stage;
  ladder.title("2. ResetSession, as SetLinger(0) and Close(): the abortive release");
  const { client, session } = await connectAndEcho(stage);

  const reply = await commands.sessions.resetSession({ session: session.name });
  claimReset(reply.session);
  ladder.rung("ResetSession", "RST", ">", "");
  claim("the client's next read", (await client.recv()).end, "ECONNRESET");
  ladder.states("", "recv = -1: ECONNRESET");
  claim("the read after it", (await client.recv()).end, "EOF");
  claim("the write after it", (await client.send({ text: "?" })).errno, "EPIPE");
  ladder.states("", "told once: then recv = 0, send EPIPE");
  const clientState = await client.tcpState();
  claim("the client's state", clientState, "CLOSE");
  ladder.states(`${stateOf(reply.receipt?.stateAfter)}: no TIME_WAIT`, clientState);
  await client.close();

  const flags = await showReceipt(stage, reply.session, client.localPort);
  if (flags === undefined) return;
  ladder.note("tcpdump", `${flags.join(" ")}  (nothing answers a RST)`);
  claim(
    "FINs on the wire",
    flags.filter((flag) => flag.includes("F")),
    [],
  );
  claim("the last segment on the wire", flags.at(-1), ">[R.]");
  claim("RSTs on the wire", flags.filter((flag) => flag.includes("R")).length, 1);
}

async function resetWithPendingData(stage: Stage): Promise<void> {
  const { commands, judge, ladder, port } = stage;
  ladder.title("3. ResetSession while data is pending: it is thrown away");
  // A small receive buffer: most of the echo cannot leave the daemon's side until the client reads, and it does not.
  const client = await judge.connect({ host: "127.0.0.1", port, rcvbuf: 4096 });
  const session = await sessionOf(stage, client);
  const bytes = 256 * 1024;
  claim("bytes sent by the client", (await client.sendAll({ size: bytes })).sent, bytes);
  ladder.rung("", `${bytes} bytes`, "<", `send = ${bytes}`);
  await commands.sessions.waitSession({ session: session.name, bytesReceived: BigInt(bytes) });
  ladder.rung("echoes them all", "some", ">", "reads nothing yet");

  const reply = await commands.sessions.resetSession({ session: session.name });
  claimReset(reply.session);
  ladder.rung("ResetSession", "RST", ">", "");
  const rest = await client.recvAll();
  claim("the end of the client's reads", rest.end, "ECONNRESET");
  claimThat(`the client read ${rest.bytes}, fewer than the ${bytes} bytes that were echoed`, rest.bytes < bytes);
  const thrownAway = Number(reply.receipt?.unsentBytesDiscarded ?? 0n);
  claimThat(
    `${thrownAway} bytes thrown away and ${rest.bytes} read make up ${bytes}`,
    thrownAway + rest.bytes >= bytes,
  );
  ladder.states("", `recv = ${rest.bytes} bytes in all, then ECONNRESET`);
  await client.close();

  const flags = await showReceipt(stage, reply.session, client.localPort);
  if (flags === undefined) return;
  const ends = flags.filter((flag) => /[FR]/.test(flag));
  ladder.note("tcpdump", `${flags.length} segments, the only one that ends anything: ${ends.join(" ")}`);
  claim("FINs and RSTs on the wire", ends, [">[R.]"]);
}

/** Connects a client and has five bytes echoed. */
async function connectAndEcho(stage: Stage): Promise<{ client: Peer; session: Session }> {
  const { judge, ladder, port } = stage;
  const client = await judge.connect({ host: "127.0.0.1", port });
  ladder.rung("accept", "SYN, SYN-ACK, ACK", "<", `connect from port ${client.localPort}`);
  const session = await sessionOf(stage, client);
  ladder.states(`${session.name} is ${stateOf(session.state)}`, await client.tcpState());
  claim("bytes sent by the client", (await client.send({ text: "hello" })).rc, 5);
  ladder.rung("reads 5", "hello", "<", 'send "hello" = 5');
  const echo = await client.recv();
  claim("what the client reads", echo.data.toString(), "hello");
  ladder.rung("echoes 5", "hello", ">", 'recv = 5 "hello"');
  return { client, session };
}

/** The session at the other end of a client, found by the client's own port: no sleep, no guess. */
async function sessionOf({ commands }: Stage, client: Peer): Promise<Session> {
  const { session } = await commands.sessions.waitSession({ listener: "echo", peerPort: client.localPort });
  if (session === undefined) throw new Error("a reply without its session");
  return session;
}

function claimReset(session: Session | undefined): void {
  claim("the receipt of the reset", factsOf(session?.receipt), {
    local: "RST by ResetSession",
    peer: "NONE",
    before: "ESTABLISHED",
    after: "CLOSED",
    final: true,
  });
}

/** Prints receipt and events; gives the flags on the wire, where they were captured. */
async function showReceipt(
  stage: Stage,
  session: Session | undefined,
  clientPort: number,
): Promise<string[] | undefined> {
  const { commands, ladder, wire, port } = stage;
  if (session?.receipt === undefined) throw new Error("an ended session without its receipt");
  ladder.gap();
  for (const [index, line] of receiptLines(session.receipt).entries()) ladder.note(index === 0 ? "receipt" : "", line);
  const { events } = await commands.events.listEvents({ session: session.name });
  const kinds = events.map(({ sequence, fact }) => `${sequence} ${fact?.$case ?? "?"}`);
  ladder.note("events", kinds.join(", "));
  claim("the last event of the session", events.at(-1)?.fact?.$case, "sessionEnded");
  const packets = await wire.packetsOf(clientPort);
  return packets === undefined ? undefined : flagsOf(packets, port);
}

main().catch((error: unknown) => {
  const what = error instanceof ClaimError ? "Not as claimed" : "The demo could not be played";
  console.error(`\n${what}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
