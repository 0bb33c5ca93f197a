import { randomBytes } from "node:crypto";
import {
  HoldScopeRequest,
  type HoldScopeResponse,
  type ScopeReport,
  ScopeServiceDefinition,
} from "../../../src/gen/hangup/v1/scope.js";
import { Listener_ResetOnAccept, Listener_State } from "../../../src/gen/hangup/v1/listener.js";
import { Session_OnPeerFin } from "../../../src/gen/hangup/v1/session.js";
import { type Connection, sharedConnection } from "./connection.js";
import { type EventOptions, EventStream } from "./event-stream.js";
import { HangupError } from "./hangup-error.js";
import { Listener } from "./listener.js";
import { neverFired } from "./never-fired.js";
import { type Behaviour, behaviourMessage, milliseconds, type Plan, planMessage } from "./plain.js";
import { defaultTimeoutMs, given, Session } from "./session.js";
import type { MessageStream } from "./wire.js";

/** What a fixture shall be. */
export interface FixtureOptions {
  /** The beginning of its scope's name, such as the test's; what is no letter, digit, `.`, `_` or `-` becomes a `-`. */
  readonly name?: string;
  /** Notes on its scope, for whoever looks at the daemon. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What a step of a plan that never acted does to `close()`: an error (`fail`, if not given), or nothing (`pass`). */
  readonly neverFired?: "fail" | "pass";
}

/** What a listener shall be. Nothing given: a free port on 127.0.0.1, echo. */
export interface ListenOptions {
  /** The name of its sessions' names; `listener-1`, ... if not given. */
  readonly name?: string;
  /** The IP address; 127.0.0.1 if not given. */
  readonly host?: string;
  /** The TCP port; a free one if not given. */
  readonly port?: number;
  /** Listen on a unix socket at this absolute path instead. */
  readonly unixPath?: string;
  /** What its sessions do with bytes; echo if not given. */
  readonly behaviour?: Behaviour;
  /** What becomes of its connections, in accept order. */
  readonly plans?: readonly Plan[];
  /** What a client that connects meets; LISTENING if not given. */
  readonly state?: "LISTENING" | "REFUSING" | "STALLED" | "QUEUEING";
  /** What becomes of accepted connections, whatever the behaviour; NEVER if not given. */
  readonly resetOnAccept?: "NEVER" | "AT_ONCE" | "AT_FIRST_BYTE";
  /** What its sessions do at the peer's FIN; CLOSE_TOO if not given. */
  readonly onPeerFin?: "CLOSE_TOO" | "STAY_OPEN";
  /** Connections that the kernel completes while nobody accepts them, less one; 511 if not given. */
  readonly backlog?: number;
  /** SO_RCVBUF of its connections; the kernel's own if not given. */
  readonly receiveBufferBytes?: number;
  /** Notes on it. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a dialed session shall be. */
export interface DialOptions {
  /** Its name; `dial/1`, ... if not given. */
  readonly name?: string;
  /** What it does with bytes; manual if not given: they wait for `receive`. */
  readonly behaviour?: Behaviour;
  /** What becomes of it. */
  readonly plan?: Plan;
  /** What it does at the peer's FIN; STAY_OPEN if not given. */
  readonly onPeerFin?: "CLOSE_TOO" | "STAY_OPEN";
  /** The local IP address to dial from, with or without port. */
  readonly localAddress?: string;
  /** How long the connect may take, in ms; 5000 if not given. */
  readonly timeoutMs?: number;
  /** Gives the connect up. */
  readonly signal?: AbortSignal;
  /** Notes on it. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The test's own server: what a `net.Server` is. */
export interface ListeningServer {
  address(): string | { readonly address: string; readonly port: number } | null;
}

/** The steps of plans that never acted: faults that did not happen. */
export class NeverFiredError extends HangupError {
  override readonly name = "NeverFiredError";

  constructor(
    /** Each of them, such as `echo, plan 1, step 1: on 1 of 2 connections`. */
    readonly steps: readonly string[],
    /** What the scope was. */
    readonly report: ScopeReport,
  ) {
    super("FAILED_PRECONDITION", "NEVER_FIRED", `never fired: ${steps.join("; ")}`);
  }
}

/**
 * A scope of its own on the daemon that the process shares, which is found or started at the first call. Close it, or
 * hold it by `await using`.
 */
export async function startHangup(options: FixtureOptions = {}): Promise<Fixture> {
  return Fixture.start(await sharedConnection(), options);
}

/** What one test holds: a scope that ends with it, or with the process. */
export class Fixture {
  readonly #connection: Connection;
  readonly #hold: Hold;
  readonly #neverFired: "fail" | "pass";
  readonly #events = new Set<EventStream>();
  #closing: Promise<ScopeReport> | undefined;

  private constructor(connection: Connection, hold: Hold, { neverFired: rule = "fail" }: FixtureOptions) {
    this.#connection = connection;
    this.#hold = hold;
    this.#neverFired = rule;
  }

  /** @internal Makes the scope, and holds it. */
  static async start(connection: Connection, options: FixtureOptions): Promise<Fixture> {
    return new Fixture(connection, await Hold.open(connection, options), options);
  }

  /** The name of its scope. */
  get scope(): string {
    return this.#hold.scope;
  }

  /** The address of the daemon. */
  get daemonAddress(): string {
    return this.#connection.daemon.address;
  }

  /** A listener that has accepted nothing yet. */
  async listen(options: ListenOptions = {}): Promise<Listener> {
    const { behaviour, plans = [], state, resetOnAccept, onPeerFin, ...rest } = options;
    const { listener } = await this.#connection.call("createListener", {
      ...rest,
      scope: this.scope,
      behaviour: behaviour === undefined ? undefined : behaviourMessage(behaviour),
      plans: plans.map(planMessage),
      state: Listener_State[state ?? "UNSPECIFIED"],
      resetOnAccept: Listener_ResetOnAccept[resetOnAccept ?? "UNSPECIFIED"],
      onPeerFin: Session_OnPeerFin[onPeerFin ?? "UNSPECIFIED"],
    });
    return Listener.of(this.#connection, given(listener));
  }

  /**
   * A session that the daemon opened to the test's own server: `host:port`, `unix:/path`, a port of 127.0.0.1, or the
   * listening server itself.
   */
  async dial(to: string | number | ListeningServer, options: DialOptions = {}): Promise<Session> {
    const { behaviour, plan, onPeerFin, timeoutMs = defaultTimeoutMs, signal, ...rest } = options;
    const request = {
      ...rest,
      scope: this.scope,
      target: targetOf(to),
      behaviour: behaviour === undefined ? undefined : behaviourMessage(behaviour),
      plan: plan === undefined ? undefined : planMessage(plan),
      onPeerFin: Session_OnPeerFin[onPeerFin ?? "UNSPECIFIED"],
      timeout: milliseconds(timeoutMs),
    };
    const { session } = await this.#connection.call("openSession", request, { waitMs: timeoutMs, signal });
    return Session.of(this.#connection, given(session));
  }

  /** A session by its name, living or ended. */
  async session(name: string): Promise<Session> {
    const { session } = await this.#connection.call("getSession", { scope: this.scope, session: name });
    return Session.of(this.#connection, given(session));
  }

  /** The events of the scope from now on. */
  async events(options: EventOptions = {}): Promise<EventStream> {
    const stream = await EventStream.open(this.#connection, this.scope, options);
    this.#events.add(stream);
    return stream;
  }

  /** Fires a signal that steps of plans wait for, in all sessions of the scope and in those to come. */
  async signal(signal: string): Promise<void> {
    await this.#connection.call("signalPlan", { scope: this.scope, signal });
  }

  /**
   * Ends the scope: its listeners are deleted, its sessions reset. A second call gives what the first one gave.
   * @returns what it was
   * @throws NeverFiredError if a step of a plan did not act on a connection that it was for; the scope has ended then too
   */
  async close({ neverFired: rule = this.#neverFired }: Pick<FixtureOptions, "neverFired"> = {}): Promise<ScopeReport> {
    this.#closing ??= this.#end();
    const report = await this.#closing;
    const steps = neverFired(report);
    if (rule === "fail" && steps.length > 0) throw new NeverFiredError(steps, report);
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(): Promise<ScopeReport> {
    try {
      return await this.#hold.end(this.#connection);
    } finally {
      for (const stream of this.#events) stream.close();
    }
  }
}

const holdScope = (() => {
  const { fullName, methods } = ScopeServiceDefinition;
  return { path: `/${fullName}/${methods.holdScope.name}`, ...methods.holdScope };
})();

/** A scope that lives as long as this process holds it. */
class Hold {
  readonly #messages: MessageStream<HoldScopeResponse>;
  readonly #rest: AsyncIterator<HoldScopeResponse>;

  private constructor(
    readonly scope: string,
    readonly uid: string,
    messages: MessageStream<HoldScopeResponse>,
    rest: AsyncIterator<HoldScopeResponse>,
  ) {
    this.#messages = messages;
    this.#rest = rest;
  }

  /** Holds a new one; when it returns the daemon knows. */
  static async open(connection: Connection, { name = "test", labels = {} }: FixtureOptions): Promise<Hold> {
    const request = HoldScopeRequest.fromPartial({ scope: uniqueName(name), labels });
    const messages = connection.openStream(holdScope, request);
    const rest = messages[Symbol.asyncIterator]();
    const first = await connection.within(rest.next(), () => messages.cancel());
    const { name: scope, uid } = given(first.done === true ? undefined : first.value.scope);
    return new Hold(scope, uid, messages, rest);
  }

  async end(connection: Connection): Promise<ScopeReport> {
    try {
      const { report } = await connection.call("deleteScope", { scope: this.scope, uid: this.uid });
      return given(report);
    } catch (error) {
      // Somebody else has ended it: the last message of the stream that held it is its report.
      const endedBefore =
        error instanceof HangupError && /^(UNKNOWN_SCOPE|UID_MISMATCH|SCOPE_ENDED)$/.test(error.reason);
      if (!endedBefore) throw error;
      const last = await connection.within(this.#rest.next(), () => this.#messages.cancel());
      if (last.done !== true && last.value.report !== undefined) return last.value.report;
      throw error;
    } finally {
      this.#messages.cancel();
    }
  }
}

/** A name of 63 characters at most that no other scope has. */
function uniqueName(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return `${allowed.slice(0, 40) || "test"}-${process.pid}-${randomBytes(5).toString("hex")}`;
}

function targetOf(to: string | number | ListeningServer): string {
  if (typeof to === "string") return to;
  if (typeof to === "number") return `127.0.0.1:${to}`;
  const address = to.address();
  if (address === null) {
    throw new HangupError("INVALID_ARGUMENT", "INVALID_REQUEST", "dial(): the server is not listening yet");
  }
  if (typeof address === "string") return `unix:${address}`;
  const { address: host, port } = address;
  if (host === "0.0.0.0") return `127.0.0.1:${port}`;
  if (host === "::") return `[::1]:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
