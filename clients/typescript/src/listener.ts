import { type Listener as ListenerMessage, Listener_State } from "../../../src/gen/hangup/v1/listener.js";
import type { Connection } from "./connection.js";
import { HangupError } from "./hangup-error.js";
import { inTime } from "./in-time.js";
import { milliseconds } from "./plain.js";
import { defaultTimeoutMs, given, Session, type SessionView, type WaitOptions } from "./session.js";

/** A listener as the daemon sees it at one moment. */
export type ListenerView = ListenerMessage;

/** The test's own end of a connection: what a `net.Socket` is. */
export interface LocalEnd {
  readonly localPort?: number | undefined;
}

/** A socket of the daemon that accepts connections and makes a session of each. */
export class Listener {
  readonly #connection: Connection;
  /** The scope of the fixture. */
  readonly scope: string;
  readonly name: string;
  /** Never reused. */
  readonly uid: string;
  /** What to connect to: `127.0.0.1:41234` or `unix:/path`. */
  readonly address: string;
  /** The IP address; empty on a unix socket. */
  readonly host: string;
  /** The TCP port; 0 on a unix socket. */
  readonly port: number;
  /** The path of the unix socket; empty for TCP. */
  readonly unixPath: string;
  /** What `accepted` has given, by the peer's port. */
  readonly #given = new Map<number, SessionView>();
  #last: Promise<bigint> = Promise.resolve(0n);

  private constructor(connection: Connection, view: ListenerView) {
    this.#connection = connection;
    this.scope = view.scope;
    this.name = view.name;
    this.uid = view.uid;
    this.address = view.address;
    this.host = view.host;
    this.port = view.port;
    this.unixPath = view.unixPath;
  }

  /** @internal Made by a fixture. */
  static of(connection: Connection, view: ListenerView): Listener {
    return new Listener(connection, view);
  }

  /** The listener as it stands, with what became of its plans so far. */
  async view(): Promise<ListenerView> {
    const { scope, name: listener } = this;
    return given((await this.#connection.call("getListener", { scope, listener })).listener);
  }

  /**
   * The session of the connection whose local port, on the test's side, is this one; waits for it. Takes the port or the
   * connected socket itself. Ports come round again: a session that it has given before, and that has ended since, it
   * does not give again.
   */
  async accepted(peer: number | LocalEnd, options: WaitOptions = {}): Promise<Session> {
    const peerPort = typeof peer === "number" ? peer : peer.localPort;
    // 0 is what a client that asks too early has, and on the way no port at all: any session would be the answer.
    if (!peerPort) {
      throw new HangupError(
        "INVALID_ARGUMENT",
        "INVALID_REQUEST",
        "accepted(): the socket has no local port: it is not connected yet, or closed already; keep the number",
      );
    }
    const before = this.#given.get(peerPort);
    let view = await this.#wait({ peerPort }, options);
    if (view.ended && view.uid === before?.uid) {
      view = await this.#wait({ peerPort, openedAfterSequence: before.openedSequence }, options);
    }
    this.#given.set(peerPort, view);
    return Session.of(this.#connection, view);
  }

  /** The session accepted after the one that the last call gave; waits for it. The first call gives the first one. */
  next(options: WaitOptions = {}): Promise<Session> {
    const before = this.#last;
    const view = this.#after(before, options);
    // One that did not come is asked for again.
    this.#last = view.then(
      ({ ordinal }) => ordinal,
      () => before,
    );
    return view.then((one) => Session.of(this.#connection, one));
  }

  /** SYNs are answered with RST from now on: a connect gets ECONNREFUSED. The port is kept. */
  async refuse(): Promise<void> {
    await this.#enter("REFUSING");
  }

  /** SYNs are not answered from now on: a connect times out. */
  async stall(): Promise<void> {
    await this.#enter("STALLED");
  }

  /** Accepts connections again. */
  async resume(): Promise<void> {
    await this.#enter("LISTENING");
  }

  /** Fires a signal that steps of its plans wait for, in its sessions and in those to come. */
  async signal(signal: string): Promise<void> {
    const { scope, name: listener } = this;
    await this.#connection.call("signalPlan", { scope, listener, signal });
  }

  /** Deletes it, and resets its sessions. */
  async close(): Promise<void> {
    const { scope, name: listener, uid } = this;
    await this.#connection.call("deleteListener", { scope, listener, uid, maxResults: 0 });
  }

  async #after(before: Promise<bigint>, options: WaitOptions): Promise<SessionView> {
    const { timeoutMs = defaultTimeoutMs, signal } = options;
    const endMs = performance.now() + timeoutMs;
    const last = await inTime(before, timeoutMs, signal);
    if (last === undefined) {
      const message = `no connection within ${timeoutMs} ms: a next() called before this one still waits for its own`;
      throw new HangupError("DEADLINE_EXCEEDED", "WAIT_TIMEOUT", message);
    }
    // A time that makes no sense is for the daemon to refuse.
    const leftMs = timeoutMs > 0 ? Math.max(0, Math.ceil(endMs - performance.now())) : timeoutMs;
    return this.#wait({ ordinal: last.value + 1n }, { ...options, timeoutMs: leftMs });
  }

  async #enter(state: "LISTENING" | "REFUSING" | "STALLED"): Promise<void> {
    const { scope, name: listener, uid } = this;
    await this.#connection.call("updateListener", { scope, listener, uid, state: Listener_State[state] });
  }

  async #wait(
    which: { peerPort?: number; ordinal?: bigint; openedAfterSequence?: bigint },
    { timeoutMs = defaultTimeoutMs, signal }: WaitOptions,
  ): Promise<SessionView> {
    const { scope, name: listener } = this;
    const request = { scope, listener, ...which, timeout: milliseconds(timeoutMs) };
    return given((await this.#connection.call("waitSession", request, { waitMs: timeoutMs, signal })).session);
  }
}
