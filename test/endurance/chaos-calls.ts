import { Action } from "../../src/gen/hangup/v1/action.js";
import { CreateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import type { Random } from "../hostile/random.js";
import { ControlClient } from "../support/control-client.js";
import { actionJson } from "./soak-endings.js";
import type { ScopeClients } from "./support/scope-clients.js";

/** Whose calls they are. All use the same names, each in a scope of its own. */
export interface Caller {
  readonly clients: ScopeClients;
  readonly scope: string;
  readonly random: Random;
  /** Where a socket of its own listens. */
  readonly ownPort: number;
  /** Gives up the call that it goes with. */
  readonly signal: AbortSignal;
}

/** A duration of the contract. */
const ms = (milliseconds: number) => ({ seconds: 0n, nanos: Math.round(milliseconds * 1e6) });

const listenerNames = ["a", "b", "c"];
const sessionNames = ["a/1", "a/2", "b/1", "c/1", "dial/1", "dial/2", "s", "nobody"];

const anyListener = ({ random }: Caller) => random.pick(listenerNames);
const anySession = ({ random }: Caller) => random.pick(sessionNames);
const anyWait = ({ random }: Caller) => ms(random.pick([0, 1, 20, 100, 300]));
const anyPayload = { $case: "text", value: "chaos" } as const;

function anyAction({ random }: Caller): Action {
  const flushTimeout = `${random.pick([0, 0.02, 0.2])}s`;
  return Action.fromJSON(
    actionJson(
      random.pick<object>([
        { close: { flushTimeout, drainTimeout: flushTimeout } },
        { halfClose: { flushTimeout } },
        { reset: {} },
        { reset: { afterFlush: true, flushTimeout } },
        { linger: { timeout: flushTimeout } },
        { resetUnread: { timeout: flushTimeout } },
        { finThenReset: {} },
        { lastData: { text: "bye" } },
        { vanish: {} },
        { blackHole: { direction: "BOTH" } },
        { heal: {} },
        { pause: {} },
        { resume: {} },
        { throttle: { chunkBytes: 1, pause: "0.01s" } },
        { delay: { duration: "0.02s" } },
        { send: { text: "chaos", repeat: random.pick([1, 1000]) } },
        { sendUrgent: { text: "u" } },
        { setBehaviour: { behaviour: { [random.pick(["echo", "discard", "silent", "manual"])]: {} } } },
        {},
      ]),
    ),
  );
}

/** Reads a stream for a while; gives what it told. */
async function someOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const told: unknown[] = [];
  for await (const message of stream) told.push(message);
  return told;
}

/** Every kind of RPC, with fields of all sorts, right and wrong. Each gives the reply, to be looked through. */
export const chaosCalls: Readonly<Record<string, (caller: Caller) => Promise<unknown>>> = {
  createListener(caller) {
    const name = anyListener(caller);
    return caller.clients.listeners.createListener(
      CreateListenerRequest.fromJSON({
        scope: caller.scope,
        name,
        host: caller.random.pick(["", "", "", "127.0.0.1", "::1", "nowhere.invalid"]),
        onPeerFin: caller.random.pick(["CLOSE_TOO", "STAY_OPEN"]),
        behaviour: {
          bannerText: `${caller.scope}.`,
          [caller.random.pick(["echo", "discard", "silent", "manual"])]: {},
        },
        state: caller.random.pick(["LISTENING", "LISTENING", "LISTENING", "REFUSING", "STALLED", "QUEUEING"]),
        plans: caller.random.chance(0.3)
          ? [{ steps: [{ trigger: { signal: "now" }, action: { reset: {} } }] }]
          : caller.random.chance(0.1)
            ? [{ steps: [{ trigger: {}, action: {} }] }]
            : [],
      }),
    );
  },
  getListener: (caller) => caller.clients.listeners.getListener({ scope: caller.scope, listener: anyListener(caller) }),
  listListeners: ({ clients, scope }) => clients.listeners.listListeners({ scope }),
  updateListener: (caller) =>
    caller.clients.listeners.updateListener({
      scope: caller.scope,
      listener: anyListener(caller),
      ...caller.random.pick([
        { state: 2 },
        { state: 1 },
        { labels: { a: "b" } },
        { uid: "another", state: 1 },
        { state: 99 as 1 },
      ]),
    }),
  deleteListener: (caller) =>
    caller.clients.listeners.deleteListener({
      scope: caller.scope,
      listener: anyListener(caller),
      sessions: caller.random.pick([1, 2]),
      drainTimeout: anyWait(caller),
    }),
  openSession: (caller) =>
    caller.clients.sessions.openSession({
      scope: caller.scope,
      name: caller.random.pick(["", "s", "no such name!"]),
      target: caller.random.pick([
        `127.0.0.1:${caller.ownPort}`,
        `127.0.0.1:${caller.ownPort}`,
        "127.0.0.1:1",
        "nonsense",
      ]),
      timeout: ms(900),
    }),
  getSession: (caller) =>
    caller.clients.sessions.getSession({
      scope: caller.scope,
      session: anySession(caller),
      view: caller.random.pick([1, 2]),
    }),
  listSessions: (caller) =>
    caller.clients.sessions.listSessions({ scope: caller.scope, living: caller.random.chance(0.5), pageSize: 2 }),
  waitSession: (caller) =>
    caller.clients.sessions.waitSession(
      {
        scope: caller.scope,
        timeout: anyWait(caller),
        ...caller.random.pick([
          { session: anySession(caller) },
          { session: anySession(caller), condition: 1 as const },
          { listener: anyListener(caller), ordinal: 2n },
          { listener: anyListener(caller), condition: 3 as const },
          { ordinal: 2n },
          {},
        ]),
      },
      { signal: caller.signal },
    ),
  sendData: (caller) =>
    caller.clients.sessions.sendData({
      scope: caller.scope,
      session: anySession(caller),
      payload: caller.random.pick([anyPayload, anyPayload, undefined]),
      flushTimeout: anyWait(caller),
    }),
  receiveData: (caller) =>
    caller.clients.sessions.receiveData(
      {
        scope: caller.scope,
        session: anySession(caller),
        minBytes: caller.random.pick([0, 5, 2 ** 31]),
        timeout: anyWait(caller),
      },
      { signal: caller.signal },
    ),
  closeSession: (caller) =>
    caller.clients.sessions.closeSession({
      scope: caller.scope,
      session: anySession(caller),
      drainTimeout: anyWait(caller),
    }),
  halfCloseSession: (caller) =>
    caller.clients.sessions.halfCloseSession({ scope: caller.scope, session: anySession(caller) }),
  resetSession: (caller) =>
    caller.clients.sessions.resetSession({
      scope: caller.scope,
      session: anySession(caller),
      uid: caller.random.pick(["", "", "another"]),
    }),
  performAction: (caller) =>
    caller.clients.sessions.performAction(
      {
        scope: caller.scope,
        action: anyAction(caller),
        ...caller.random.pick([
          { session: anySession(caller) },
          { listener: anyListener(caller) },
          { all: true },
          { sessions: sessionNames },
          {},
        ]),
      },
      { signal: caller.signal },
    ),
  signalPlan: (caller) =>
    caller.clients.sessions.signalPlan({ scope: caller.scope, signal: caller.random.pick(["now", "never", ""]) }),
  streamEvents: (caller) =>
    someOf(
      caller.clients.events.streamEvents(
        {
          scope: caller.scope,
          ...caller.random.pick([{ afterSequence: 0n, maxEvents: 1 }, { afterSequence: 0n, maxEvents: 5 }, {}]),
          kinds: caller.random.pick([[], [10, 11], [4, 9], [99 as 1]]),
        },
        { signal: caller.signal },
      ),
    ),
  listEvents: (caller) =>
    caller.clients.events.listEvents({ scope: caller.scope, pageSize: caller.random.pick([0, 5, -1]) }),
  getInfo: ({ clients }) => clients.info.getInfo({}),
  listScopes: ({ clients, scope }) => clients.scopes.listScopes({ scope }),
  createScope: ({ clients, scope }) => clients.scopes.createScope({ scope, ttl: { seconds: 5n, nanos: 0 } }),
  deleteScope: ({ clients }) => clients.scopes.deleteScope({ scope: "no-such-scope" }),
  holdScope: (caller) => someOf(caller.clients.scopes.holdScope({ scope: caller.scope }, { signal: caller.signal })),
  startCapture: (caller) =>
    caller.clients.captures.startCapture({ scope: caller.scope, listener: anyListener(caller) }),
  stopCapture: ({ clients, scope }) => clients.captures.stopCapture({ scope, capture: "capture" }),
  getPackets: ({ clients, scope }) => clients.captures.getPackets({ scope, capture: "capture" }),
  async control(caller) {
    const { clients, scope, signal } = caller;
    const stream = new ControlClient(clients.channel);
    const cancel = () => stream.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const waiting = { scope, session: anySession(caller), timeout: anyWait(caller) };
      const replies = Promise.all([
        stream.call({ $case: "waitSession", value: { ...emptyWait, ...waiting } }),
        stream.call({
          $case: "listSessions",
          value: { scope, listener: "", living: false, pageSize: 0, pageToken: "" },
        }),
      ]);
      const told = await Promise.race([replies, stream.over.then(() => replies)]);
      stream.end();
      await stream.over;
      return told;
    } finally {
      signal.removeEventListener("abort", cancel);
      stream.cancel();
    }
  },
};

const emptyWait = {
  uid: "",
  listener: "",
  ordinal: 0n,
  peerPort: 0,
  peer: "",
  openedAfterSequence: undefined,
  condition: 0,
  state: 0,
  bytesReceived: 0n,
  bytesSent: 0n,
} as const;
