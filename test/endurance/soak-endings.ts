import { Action } from "../../src/gen/hangup/v1/action.js";
import { CreateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import type { RawListener, RawSocket } from "./support/raw-sockets.js";
import type { ScopeClients } from "./support/scope-clients.js";

/** What a listener of the soak is, in the JSON of CreateListener. */
export const listeners = {
  echo: {},
  staying: { onPeerFin: "STAY_OPEN", behaviour: { manual: {} } },
  silent: { onPeerFin: "STAY_OPEN", behaviour: { silent: {} } },
  bomb: { plans: [{ steps: [{ trigger: { bytesReceived: "4" }, action: { reset: {} } }] }] },
  scripted: {
    behaviour: { discard: {} },
    plans: [
      {
        steps: [
          { trigger: { accepted: {} }, action: { send: { text: "hello" } } },
          { trigger: { patternText: "now" }, action: { lastData: { text: "bye" } } },
        ],
      },
    ],
  },
  timed: { plans: [{ steps: [{ trigger: { elapsed: "0.020s" }, action: { halfClose: {} } }] }] },
  rejecting: { resetOnAccept: "AT_FIRST_BYTE" },
} as const;

export type ListenerName = keyof typeof listeners;

export function listenerRequest(scope: string, name: ListenerName): CreateListenerRequest {
  return CreateListenerRequest.fromJSON({ scope, name, ...(actionJson(listeners[name]) as object) });
}

/** One connection to be ended. */
export interface Stage {
  readonly clients: ScopeClients;
  readonly scope: string;
  readonly peer: RawSocket;
  /** Its session's name, once known. */
  session(): Promise<string>;
  /** Performs an action on it, in the JSON of the contract. */
  perform(action: Readonly<Record<string, unknown>>): Promise<void>;
  /** What the peer's end must be: `EOF` or an errno, after so many bytes in all. */
  ends(end: string, bytes?: number): Promise<void>;
}

/** A way for a session to end. */
export interface Ending {
  readonly name: string;
  /** The listener that accepts it, or `dialed`. */
  readonly on: ListenerName | "dialed";
  /** What its receipt must say, see `inWords`. */
  readonly receipt: string;
  play(stage: Stage): Promise<void>;
}

/** The peer closes; FIN if it has read all. */
const peerCloses = async ({ peer }: Stage) => peer.close();

const greeted = async ({ peer }: Stage) => {
  must(peer.send("hello"));
  await peer.readBytes(5);
};

function must(errno: string | undefined): void {
  if (errno !== undefined) throw new Error(`send: ${errno}`);
}

export const endings: readonly Ending[] = [
  {
    name: "CloseSession",
    on: "echo",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      await greeted(stage);
      await stage.clients.sessions.closeSession({ scope: stage.scope, session: await stage.session() });
      await stage.ends("EOF", 5);
      await peerCloses(stage);
    },
  },
  {
    name: "ResetSession",
    on: "echo",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      await stage.clients.sessions.resetSession({ scope: stage.scope, session: await stage.session() });
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "HalfCloseSession, then the peer's FIN",
    on: "staying",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      await stage.clients.sessions.halfCloseSession({ scope: stage.scope, session: await stage.session() });
      await stage.ends("EOF");
      must(stage.peer.send("late"));
      await peerCloses(stage);
    },
  },
  {
    name: "HalfCloseSession, then the peer's RST",
    on: "staying",
    receipt: "FIN COMMAND, RST PEER",
    async play(stage) {
      await stage.clients.sessions.halfCloseSession({ scope: stage.scope, session: await stage.session() });
      await stage.ends("EOF");
      stage.peer.reset();
    },
  },
  {
    name: "the peer's FIN, answered by the behaviour",
    on: "echo",
    receipt: "FIN BEHAVIOUR, FIN PEER",
    async play(stage) {
      await greeted(stage);
      stage.peer.shutdown();
      await stage.ends("EOF", 5);
    },
  },
  {
    name: "the peer's RST",
    on: "echo",
    receipt: "NONE, RST PEER",
    async play(stage) {
      await greeted(stage);
      stage.peer.reset();
    },
  },
  {
    name: "the peer's RST on a silent session",
    on: "silent",
    receipt: "NONE, RST PEER",
    async play(stage) {
      // Of a connection that is reset before it is accepted the kernel does not tell whose it was.
      await stage.session();
      must(stage.peer.send("unread"));
      stage.peer.reset();
    },
  },
  {
    name: "a plan's reset at byte 4",
    on: "bomb",
    receipt: "RST PLAN_STEP, NONE",
    async play(stage) {
      must(stage.peer.send("bomb"));
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "a plan's last_data at a pattern",
    on: "scripted",
    receipt: "FIN PLAN_STEP, FIN PEER",
    async play(stage) {
      await stage.peer.readBytes(5);
      must(stage.peer.send("do it no"));
      must(stage.peer.send("w"));
      await stage.ends("EOF", 8);
      await peerCloses(stage);
    },
  },
  {
    name: "a plan's half_close by the clock",
    on: "timed",
    receipt: "FIN PLAN_STEP, FIN PEER",
    async play(stage) {
      await stage.ends("EOF");
      await peerCloses(stage);
    },
  },
  {
    name: "reset_on_accept",
    on: "rejecting",
    receipt: "RST LISTENER, NONE",
    async play(stage) {
      must(stage.peer.send("x"));
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "linger",
    on: "echo",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      await stage.perform({ linger: { timeout: "10s" } });
      await stage.ends("EOF");
      await peerCloses(stage);
    },
  },
  {
    name: "vanish",
    on: "echo",
    receipt: "NONE COMMAND, NONE",
    async play(stage) {
      await stage.perform({ vanish: {} });
      // Nothing came; what the peer sends now meets a kernel that knows the connection no more.
      must(stage.peer.send("anybody there?"));
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "fin_then_reset",
    on: "echo",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      await stage.perform({ finThenReset: {} });
      await stage.ends("EOF");
      const errno = stage.peer.send("x");
      if (errno !== "EPIPE") throw new Error(`a write after FIN and RST gave ${errno ?? "no error"}`);
    },
  },
  {
    name: "reset with discarded data",
    on: "echo",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      await stage.perform({ reset: { discardedData: Buffer.from("never").toString("base64") } });
      await stage.ends("ECONNRESET", 0);
    },
  },
  {
    name: "reset after flush",
    on: "echo",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      await stage.perform({ send: { text: "all of it" } });
      await stage.perform({ reset: { afterFlush: true, flushTimeout: "30s" } });
      await stage.ends("ECONNRESET", 9);
    },
  },
  {
    name: "reset_unread",
    on: "silent",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      must(stage.peer.send("unread"));
      await stage.perform({ resetUnread: { timeout: "30s" } });
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "close behind a delay and a throttle",
    on: "staying",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      await stage.perform({ delay: { duration: "0.010s" } });
      await stage.perform({ throttle: { chunkBytes: 4, pause: "0.002s" } });
      const { scope } = stage;
      const session = await stage.session();
      const payload = { $case: "text", value: "sixteen letters." } as const;
      await stage.clients.sessions.sendData({ scope, session, payload, flushTimeout: { seconds: 30n, nanos: 0 } });
      await stage.clients.sessions.closeSession({ scope, session, flushTimeout: { seconds: 30n, nanos: 0 } });
      await stage.ends("EOF", 16);
      await peerCloses(stage);
    },
  },
  {
    name: "ReceiveData, then close",
    on: "staying",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      const { scope } = stage;
      const session = await stage.session();
      const timeout = { seconds: 30n, nanos: 0 };
      const receiving = stage.clients.sessions.receiveData({ scope, session, minBytes: 5, timeout });
      must(stage.peer.send("hello"));
      const { text } = await receiving;
      if (text !== "hello") throw new Error(`received "${text}"`);
      await stage.perform({ close: {} });
      await stage.ends("EOF");
      await peerCloses(stage);
    },
  },
  {
    name: "dialed, reset",
    on: "dialed",
    receipt: "RST COMMAND, NONE",
    async play(stage) {
      await stage.perform({ reset: {} });
      await stage.ends("ECONNRESET");
    },
  },
  {
    name: "dialed, closed",
    on: "dialed",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      await stage.perform({ close: {} });
      await stage.ends("EOF");
      await peerCloses(stage);
    },
  },
  {
    name: "dialed, the peer's RST",
    on: "dialed",
    receipt: "NONE, RST PEER",
    async play(stage) {
      stage.peer.reset();
    },
  },
  {
    name: "dialed, the peer's FIN, then close",
    on: "dialed",
    receipt: "FIN COMMAND, FIN PEER",
    async play(stage) {
      stage.peer.shutdown();
      await stage.perform({ close: {} });
      await stage.ends("EOF");
    },
  },
];

/** Performs it on that session alone. */
export async function performOne(
  clients: ScopeClients,
  scope: string,
  session: string,
  action: Readonly<Record<string, unknown>>,
): Promise<void> {
  await clients.sessions.performAction({ scope, session, action: Action.fromJSON(actionJson(action)) });
}

/** Durations as the generated code reads them, from `0.020s` as people write them. */
export function actionJson(value: unknown): unknown {
  if (typeof value === "string" && /^\d+(\.\d+)?s$/.test(value)) {
    const seconds = Number(value.slice(0, -1));
    return { seconds: String(Math.floor(seconds)), nanos: Math.round((seconds % 1) * 1e9) };
  }
  if (Array.isArray(value)) return value.map(actionJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, actionJson(each)]));
}

/** A listener of our own, for the daemon to dial. */
export async function dialed(
  clients: ScopeClients,
  scope: string,
  target: RawListener,
): Promise<{ peer: RawSocket; session: string }> {
  const [{ session }, peer] = await Promise.all([
    clients.sessions.openSession({ scope, target: `127.0.0.1:${target.port}`, timeout: { seconds: 30n, nanos: 0 } }),
    target.accept(),
  ]);
  return { peer, session: session!.name };
}
