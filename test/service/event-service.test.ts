import { createClient } from "nice-grpc";
import { Event_Kind, type Event, type StreamEventsRequest } from "../../src/gen/hangup/v1/event.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { connectTo } from "../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

/** A stream that is read one event at a time. */
class Reader {
  private readonly controller = new AbortController();
  private readonly messages: AsyncIterator<{ events: Event[] }>;
  private buffered: Event[] = [];

  constructor(from: TestDaemon, request: Partial<StreamEventsRequest>) {
    this.messages = from.events.streamEvents(request, { signal: this.controller.signal })[Symbol.asyncIterator]();
  }

  async next(): Promise<Event | undefined> {
    while (this.buffered.length === 0) {
      const { done, value } = await this.messages.next();
      if (done === true) return undefined;
      this.buffered.push(...value.events);
    }
    return this.buffered.shift();
  }

  async kinds(count: number): Promise<string[]> {
    const kinds: string[] = [];
    while (kinds.length < count) {
      const event = await this.next();
      if (event === undefined) break;
      kinds.push(event.fact?.$case ?? "nothing");
    }
    return kinds;
  }

  async cancel(): Promise<void> {
    this.controller.abort();
    await this.messages.next().catch(() => undefined);
  }
}

/** Everything of a stream that ends by itself. */
async function all(from: TestDaemon, request: Partial<StreamEventsRequest>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const message of from.events.streamEvents(request)) events.push(...message.events);
  return events;
}

const kindsOf = (events: readonly Event[]) => events.map(({ fact }) => fact?.$case);

test("subscribed comes at once, also where nothing has ever happened", async () => {
  const reader = new Reader(daemon, {});
  const first = await reader.next();
  expect(first).toMatchObject({ sequence: 0n, fact: { $case: "subscribed", value: { daemonUid: daemon.daemon.uid } } });
  await reader.cancel();
});

test("the headers come at once, before any event can", async () => {
  const header = new Promise<boolean>((resolve) => {
    const controller = new AbortController();
    void (async () => {
      const stream = daemon.events.streamEvents(
        {},
        {
          signal: controller.signal,
          onHeader: () => {
            resolve(true);
            controller.abort();
          },
        },
      );
      for await (const _ of stream) continue;
    })().catch(() => undefined);
  });
  expect(await header).toBe(true);
});

test("nothing that happens after subscribed is missed, and the numbers have no gap", async () => {
  const echo = { name: "echo", ...(await daemon.listen("echo")) };
  const reader = new Reader(daemon, {});
  const subscribed = await reader.next();
  expect(subscribed?.sequence).toBe(1n);
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.halfCloseSession({ session: name });
  await peer.close();
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.ENDED });
  await daemon.listeners.updateListener({ listener: "echo", labels: { a: "b" } });
  await daemon.listeners.deleteListener({ listener: "echo" });
  const events: Event[] = [];
  for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
    events.push(event);
    if (event.fact?.$case === "listenerDeleted") break;
  }
  // Which states are seen on the way depends on when it is looked.
  expect(kindsOf(events).filter((kind) => kind !== "sessionStateChanged")).toEqual([
    "sessionOpened",
    "actionPerformed",
    "peerFin",
    "sessionEnded",
    "listenerStateChanged",
    "listenerDeleted",
  ]);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => BigInt(index + 2)));
  const times = events.map(({ time }) => time!.seconds * 1_000_000_000n + BigInt(time!.nanos));
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(events.map(({ scope, listener }) => `${scope} ${listener}`))).toEqual(new Set(["default echo"]));
  const ofSession = events.filter(({ session }) => session !== "");
  expect(new Set(ofSession.map(({ session }) => session))).toEqual(new Set(["echo/1"]));
  expect(new Set(ofSession.map(({ uid }) => uid)).size).toBe(1);
  expect(events.find(({ fact }) => fact?.$case === "sessionEnded")?.fact).toMatchObject({
    value: { receipt: { final: true, session: "echo/1" } },
  });
  await reader.cancel();
});

test("afterSequence resumes exactly behind that number, and 0 is the start of the journal", async () => {
  for (const name of ["a", "b", "c"]) await daemon.listen(name);
  expect(
    (await all(daemon, { afterSequence: 0n, maxEvents: 3 })).map(({ sequence, listener }) => `${sequence} ${listener}`),
  ).toEqual(["3 ", "1 a", "2 b", "3 c"]);
  expect((await all(daemon, { afterSequence: 2n, maxEvents: 1 })).map(({ listener }) => listener)).toEqual(["", "c"]);
});

test("without afterSequence the past is not told", async () => {
  await daemon.listen("a");
  const reader = new Reader(daemon, {});
  await reader.next();
  await daemon.listen("b");
  expect((await reader.next())?.listener).toBe("b");
  await reader.cancel();
});

describe("the stream of a scope", () => {
  const scopesOf = (from: TestDaemon) => createClient(ScopeServiceDefinition, from.channel);
  /** A scope, what happens in it as the stream tells it, and another life of its name. */
  async function livedTwice(request: Partial<StreamEventsRequest>): Promise<Event[]> {
    const scopes = scopesOf(daemon);
    await scopes.createScope({ scope: "s" });
    const reader = new Reader(daemon, { scope: "s", ...request });
    const events = [(await reader.next())!];
    await daemon.listeners.createListener({ scope: "s", name: "first" });
    await scopes.deleteScope({ scope: "s" });
    await scopes.createScope({ scope: "s" });
    await daemon.listeners.createListener({ scope: "s", name: "second" });
    for (let event = await reader.next(); event !== undefined; event = await reader.next()) events.push(event);
    return events;
  }

  test("ends with it, and tells nothing of the next life of its name", async () => {
    const events = await livedTwice({});
    expect(kindsOf(events)).toEqual(["subscribed", "listenerCreated", "listenerDeleted", "scopeEnded"]);
  });

  test("ends with its end also where the kinds are others, or it is of one listener", async () => {
    expect(kindsOf(await livedTwice({ kinds: [Event_Kind.PEER_FIN] }))).toEqual(["subscribed", "scopeEnded"]);
    await scopesOf(daemon).deleteScope({ scope: "s" });
    expect(kindsOf(await livedTwice({ listener: "other" }))).toEqual(["subscribed", "scopeEnded"]);
  });

  test("tells of lives before it where it begins in the past, and ends with its own", async () => {
    const scopes = scopesOf(daemon);
    await scopes.createScope({ scope: "s" });
    await scopes.deleteScope({ scope: "s" });
    expect(kindsOf(await livedTwice({ afterSequence: 0n, kinds: [Event_Kind.SCOPE_CREATED] }))).toEqual([
      "subscribed",
      "scopeCreated",
      "scopeCreated",
      "scopeEnded",
    ]);
  });

  test("of `default` goes on when it is emptied, and that of all scopes when one ends", async () => {
    const scopes = scopesOf(daemon);
    const [ofDefault, ofAll] = [new Reader(daemon, {}), new Reader(daemon, { scope: "-" })];
    await Promise.all([ofDefault.next(), ofAll.next()]);
    await scopes.createScope({ scope: "s" });
    await scopes.deleteScope({ scope: "s" });
    await scopes.deleteScope({ scope: "default" });
    await daemon.listen("after");
    expect(await ofDefault.kinds(2)).toEqual(["scopeEnded", "listenerCreated"]);
    expect(await ofAll.kinds(4)).toEqual(["scopeCreated", "scopeEnded", "scopeEnded", "listenerCreated"]);
    await Promise.all([ofDefault.cancel(), ofAll.cancel()]);
  });
});

test("maxEvents ends the stream after so many, and does not count subscribed", async () => {
  const streaming = all(daemon, { maxEvents: 2, afterSequence: 0n });
  for (const name of ["a", "b", "c"]) await daemon.listen(name);
  expect(kindsOf(await streaming)).toEqual(["subscribed", "listenerCreated", "listenerCreated"]);
});

test("maxEvents ends the stream also in the midst of many", async () => {
  for (let i = 0; i < 20; i++) await daemon.listen(`l${i}`);
  expect(await all(daemon, { maxEvents: 7, afterSequence: 0n })).toHaveLength(8);
});

test("filters by listener, session and kind pass theirs alone", async () => {
  const echo = { name: "echo", ...(await daemon.listen("echo")) };
  const other = { name: "other", ...(await daemon.listen("other")) };
  for (const listener of [echo, other, echo]) {
    const { peer, name } = await connectTo(daemon, judge, listener);
    await daemon.sessions.resetSession({ session: name });
    await peer.close();
  }
  const told = async (request: Partial<StreamEventsRequest>, maxEvents: number) =>
    (await all(daemon, { ...request, afterSequence: 0n, maxEvents }))
      .slice(1)
      .map(({ fact, listener, session }) => `${fact?.$case} ${session || listener}`);
  expect(await told({ session: "echo/2" }, 3)).toEqual([
    "sessionOpened echo/2",
    "actionPerformed echo/2",
    "sessionEnded echo/2",
  ]);
  expect(await told({ listener: "other" }, 4)).toEqual([
    "listenerCreated other",
    "sessionOpened other/1",
    "actionPerformed other/1",
    "sessionEnded other/1",
  ]);
  expect(await told({ kinds: [Event_Kind.SESSION_ENDED] }, 3)).toEqual([
    "sessionEnded echo/1",
    "sessionEnded other/1",
    "sessionEnded echo/2",
  ]);
  expect(await told({ kinds: [Event_Kind.SESSION_OPENED, Event_Kind.LISTENER_CREATED], listener: "echo" }, 3)).toEqual([
    "listenerCreated echo",
    "sessionOpened echo/1",
    "sessionOpened echo/2",
  ]);
});

test("data events are told only to those who ask for their kinds", async () => {
  const echo = { name: "echo", ...(await daemon.listen("echo")) };
  const { peer, name } = await connectTo(daemon, judge, echo);
  const asking = new Reader(daemon, {
    kinds: [Event_Kind.DATA_RECEIVED, Event_Kind.DATA_SENT, Event_Kind.SESSION_ENDED],
  });
  const plain = new Reader(daemon, {});
  await Promise.all([asking.next(), plain.next()]);
  await peer.send({ text: "hello" });
  await peer.recvAll({ max: 5 });
  await daemon.sessions.resetSession({ session: name });
  const [received, sent, ended] = [await asking.next(), await asking.next(), await asking.next()];
  expect(received).toMatchObject({ session: name, fact: { $case: "dataReceived", value: { bytes: 5n, total: 5n } } });
  expect(sent).toMatchObject({ session: name, fact: { $case: "dataSent", value: { bytes: 5n, total: 5n } } });
  expect(ended?.fact?.$case).toBe("sessionEnded");
  expect(await plain.kinds(2)).toEqual(["actionPerformed", "sessionEnded"]);
  // When nobody asks any more they are not even recorded.
  await asking.cancel();
  await daemon.info.getInfo({});
  const before = (await daemon.events.listEvents({ pageSize: 1000 })).nextAfterSequence;
  const again = await connectTo(daemon, judge, echo);
  await again.peer.send({ text: "hello" });
  await again.peer.recvAll({ max: 5 });
  const { events, nextAfterSequence } = await daemon.events.listEvents({
    afterSequence: before,
    kinds: [Event_Kind.DATA_RECEIVED, Event_Kind.SESSION_OPENED],
  });
  expect(kindsOf(events)).toEqual(["sessionOpened"]);
  expect(nextAfterSequence).toBe(before + 1n);
  await plain.cancel();
});

test("resuming with the uid of another daemon is DAEMON_UID_MISMATCH, with its own passes", async () => {
  await daemon.listen("a");
  const failure = await failureOf(all(daemon, { daemonUid: "another", afterSequence: 1n, maxEvents: 1 }));
  expect(failure).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "DAEMON_UID_MISMATCH",
    field: "daemon_uid",
    metadata: { daemonUid: daemon.daemon.uid },
  });
  const events = await all(daemon, { daemonUid: daemon.daemon.uid, afterSequence: 0n, maxEvents: 1 });
  expect(kindsOf(events)).toEqual(["subscribed", "listenerCreated"]);
  expect(await failureOf(daemon.events.listEvents({ daemonUid: "another" }))).toMatchObject({
    reason: "DAEMON_UID_MISMATCH",
  });
});

test("scope - streams all scopes, and an unknown scope is NOT_FOUND", async () => {
  await daemon.listen("a");
  expect(kindsOf(await all(daemon, { scope: "-", afterSequence: 0n, maxEvents: 1 }))).toEqual([
    "subscribed",
    "listenerCreated",
  ]);
  expect(await failureOf(all(daemon, { scope: "nowhere", maxEvents: 1 }))).toMatchObject({
    code: "NOT_FOUND",
    reason: "UNKNOWN_SCOPE",
  });
});

test("ListEvents pages through the journal", async () => {
  for (let i = 0; i < 5; i++) await daemon.listen(`l${i}`);
  const pages: string[][] = [];
  let afterSequence = 0n;
  for (;;) {
    const page = await daemon.events.listEvents({ afterSequence, pageSize: 2 });
    if (page.events.length === 0) {
      expect(page.nextAfterSequence).toBe(afterSequence);
      break;
    }
    pages.push(page.events.map(({ listener }) => listener));
    afterSequence = page.nextAfterSequence;
  }
  expect(pages).toEqual([["l0", "l1"], ["l2", "l3"], ["l4"]]);
});

test("the stop of the daemon ends a stream after its last event", async () => {
  await daemon.listen("a");
  const streaming = all(daemon, {});
  await daemon.info.getInfo({});
  await daemon.daemon.stop();
  expect(kindsOf(await streaming)).toEqual(["subscribed", "listenerDeleted"]);
});

describe("with a journal of 8 events", () => {
  beforeEach(async () => {
    await daemon.stop();
    daemon = await startTestDaemon({ limits: { journalEvents: 8 } });
  });

  test("a number that is too old is answered with lost, then with what is there", async () => {
    for (let i = 1; i <= 12; i++) await daemon.listen(`l${i}`);
    const events = await all(daemon, { afterSequence: 0n, maxEvents: 8 });
    expect(kindsOf(events).slice(0, 3)).toEqual(["subscribed", "lost", "listenerCreated"]);
    expect(events[1]).toMatchObject({ sequence: 4n, fact: { value: { firstSequence: 1n, lastSequence: 4n } } });
    expect(events.slice(2).map(({ sequence }) => sequence)).toEqual([5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n]);
    const listed = await daemon.events.listEvents({ afterSequence: 2n });
    expect(listed.events[0]).toMatchObject({ fact: { $case: "lost", value: { firstSequence: 3n, lastSequence: 4n } } });
    // Exactly at the edge nothing is lost.
    expect(kindsOf((await daemon.events.listEvents({ afterSequence: 4n })).events)[0]).toBe("listenerCreated");
  });

  test("a consumer that does not read is told what it lost, and slows nobody", async () => {
    const echo = { name: "echo", ...(await daemon.listen("echo")) };
    const slow = new Reader(daemon, { afterSequence: 0n });
    expect((await slow.next())?.fact?.$case).toBe("subscribed");
    // Session after session with labels of its own: more than the buffers of a stream hold. Were anybody held up by the
    // one who does not read, this would never be over.
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, "v".repeat(255)]));
    for (let i = 0; i < 300; i++) {
      await daemon.sessions.openSession({ name: "c", target: `${echo.host}:${echo.port}`, labels });
      await daemon.sessions.resetSession({ session: "c" });
    }
    const last = (await daemon.events.listEvents({ afterSequence: 1n })).nextAfterSequence;
    // Read on: each number is told once, as an event or in a lost range, in order.
    let expected = 1n;
    let losses = 0;
    while (expected <= last) {
      const event = await slow.next();
      if (event?.fact?.$case === "lost") {
        losses += 1;
        expect(event.fact.value.firstSequence).toBe(expected);
        expected = event.fact.value.lastSequence + 1n;
      } else {
        expect(event?.sequence).toBe(expected);
        expected += 1n;
      }
    }
    expect(losses).toBeGreaterThan(0);
    await slow.cancel();
  }, 120_000);
});
