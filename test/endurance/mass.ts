import { Action } from "../../src/gen/hangup/v1/action.js";
import { Event_Kind } from "../../src/gen/hangup/v1/event.js";
import { PerformActionResponse } from "../../src/gen/hangup/v1/session.js";
import { Clients } from "../support/daemon.js";
import type { Findings } from "./support/findings.js";
import { HostedDaemon } from "./support/hosted-daemon.js";
import { inParallel } from "./support/in-parallel.js";
import { left, standing } from "./support/insides.js";
import { RawSockets } from "./support/raw-sockets.js";
import { warmUp } from "./support/warm-up.js";

const sessions = 10_000;
const rounds = 3;
/** As long as any other caller may have to wait meanwhile, on the slowest machine. */
const answerMs = 5000;

/** 10,000 live sessions on one listener, all reset by one PerformAction. */
export async function mass(findings: Findings): Promise<void> {
  await using daemon = await HostedDaemon.start();
  await using clients = new Clients(daemon.address);
  await using others = new Clients(daemon.address);
  using sockets = new RawSockets();
  const { limits } = await clients.info.getInfo({});
  await others.info.getInfo({});
  await warmUp(clients);
  const before = await daemon.atRest();

  for (let round = 1; round <= rounds; round += 1) {
    const { listener } = await clients.listeners.createListener({ name: "mass" });
    const peers = await inParallel(sessions, 256, () => sockets.connect(listener!.port));
    // The last ones are still in the queue of the listener.
    await clients.sessions.waitSession({
      listener: "mass",
      ordinal: BigInt(sessions),
      timeout: { seconds: 60n, nanos: 0 },
    });
    const { listener: full } = await clients.listeners.getListener({ listener: "mass" });
    findings.must(full?.openSessions === BigInt(sessions), "live sessions", `${full?.openSessions} of ${sessions}`);
    const held = (await daemon.insides()).descriptors - before.descriptors;
    findings.must(held >= sessions, "descriptors of live sessions", `${held}`);

    if (round === 1) await refusedByAll(findings, clients, limits?.messageBytes ?? 0);
    const ended = countEnded(others);
    await ended.subscribed;
    const ends = Promise.all(peers.map((peer) => peer.readToEnd(60_000)));
    const began = performance.now();
    const asking = new AbortController();
    const slowest = slowestAnswer(others, asking.signal);
    const reply = await clients.sessions.performAction({
      listener: "mass",
      action: Action.fromJSON({ reset: {} }),
      maxResults: 1000,
    });
    const repliedMs = performance.now() - began;
    const errnos = new Map<string, number>();
    for (const { end } of await ends) errnos.set(end, (errnos.get(end) ?? 0) + 1);
    const seenMs = performance.now() - began;
    asking.abort();
    const slowestMs = await slowest;
    const bytes = PerformActionResponse.encode(reply).finish().length;

    const met = [...errnos].map(([end, count]) => `${count} ${end}`).join(", ");
    findings.must(met === `${sessions} ECONNRESET`, "what the peers read", met);
    const { targeted, performed, failures, receipts } = reply;
    findings.must(
      targeted === BigInt(sessions) && performed === BigInt(sessions) && failures.length === 0,
      "the summary",
      `targeted ${targeted}, performed ${performed}, failures ${JSON.stringify(failures.slice(0, 3))}`,
    );
    findings.must(receipts.length === 1000, "receipts in the reply", `${receipts.length}`);
    findings.must(bytes <= (limits?.messageBytes ?? 0), "size of the reply", `${bytes} bytes`);
    findings.must(slowestMs < answerMs, "an answer to another caller", `took ${slowestMs.toFixed(0)} ms`);
    const { told, lost } = await ended.all;
    findings.must(told + lost >= sessions, "ends told by events", `${told}, and ${lost} events told to be lost`);
    console.log(
      `round ${round}: ${met} within ${seenMs.toFixed(0)} ms; reply of ${bytes} bytes after ${repliedMs.toFixed(0)} ms; ` +
        `another caller waited ${slowestMs.toFixed(0)} ms at most; ${told} ends told by events, ${lost} events lost and told so`,
    );
    for (const peer of peers) peer.close();
    await clients.listeners.deleteListener({ listener: "mass" });
  }

  const after = await daemon.backTo(before, 30_000);
  for (const what of left(after, before)) findings.add("what is left", what);
  console.log(`in the end: ${standing(after)}`);
  for (const line of daemon.complaints) findings.add("the log", line);
  await Promise.all([clients, others].map((each) => each[Symbol.asyncDispose]()));
  const exit = await daemon.stop();
  findings.must(exit === "exit code 0", "how the daemon ended", exit);
}

/** An action that waits on all of them and can be performed on none: every refusal is in the reply. */
async function refusedByAll(findings: Findings, clients: Clients, messageBytes: number): Promise<void> {
  const timeout = { seconds: "0", nanos: 200e6 };
  const action = Action.fromJSON({ resetUnread: { timeout } });
  const reply = await clients.sessions.performAction({ listener: "mass", action });
  const bytes = PerformActionResponse.encode(reply).finish().length;
  const { failures, failed } = reply;
  const all = failures.length === sessions && failed["NOTHING_UNREAD"] === BigInt(sessions);
  findings.must(all, "refusals in the reply", `${failures.length}: ${JSON.stringify(failures[0])}`);
  findings.must(bytes <= messageBytes, "size of the refusals", `${bytes} bytes`);
  console.log(`${failures.length} refusals in a reply of ${bytes} bytes`);
}

/** Counts the ends that a stream tells of, and the events that it says it has lost, until it is all of them. */
function countEnded(clients: Clients) {
  let onSubscribed!: () => void;
  const subscribed = new Promise<void>((resolve) => (onSubscribed = resolve));
  const count = async () => {
    let told = 0;
    let lost = 0;
    const signal = AbortSignal.timeout(60_000);
    const stream = clients.events.streamEvents({ listener: "mass", kinds: [Event_Kind.SESSION_ENDED] }, { signal });
    for await (const { events } of stream) {
      for (const { fact } of events) {
        if (fact?.$case === "subscribed") onSubscribed();
        else if (fact?.$case === "sessionEnded") told += 1;
        else if (fact?.$case === "lost") lost += Number(fact.value.lastSequence - fact.value.firstSequence) + 1;
      }
      if (told + lost >= sessions) break;
    }
    return { told, lost };
  };
  return { subscribed, all: count() };
}

/** Asks one small thing after the other until told to stop. Gives how long the slowest answer took, in ms. */
async function slowestAnswer(clients: Clients, signal: AbortSignal): Promise<number> {
  let slowestMs = 0;
  while (!signal.aborted) {
    const began = performance.now();
    await clients.listeners.getListener({ listener: "mass" });
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
  return slowestMs;
}
