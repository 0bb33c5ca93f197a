import {
  type Receipt,
  type ReceiveDataResponse,
  type Session as SessionMessage,
  Session_State,
  Session_View,
  WaitSessionRequest_Condition,
} from "../../../src/gen/hangup/v1/session.js";
import type { Connection } from "./connection.js";
import { type Action, actionMessage, milliseconds } from "./plain.js";

/** A session as the daemon sees it at one moment. */
export type SessionView = SessionMessage;

/** How long to wait. */
export interface WaitOptions {
  /** In ms; 5000 if not given, 0 asks whether it holds now. */
  readonly timeoutMs?: number;
  /** Gives the wait up. */
  readonly signal?: AbortSignal;
}

/** How long an action may take. */
export interface PerformOptions {
  /**
   * In ms; 30000 if not given. An action has bounds of its own, most of them 5 s: one that was given more than 30 s needs
   * more here too.
   */
  readonly timeoutMs?: number;
  /** Gives it up. */
  readonly signal?: AbortSignal;
}

/** How long a FIN may take. */
export interface FlushOptions {
  /** How long to wait for the kernel to take all that was written before, in ms; 5000 if not given. */
  readonly flushTimeoutMs?: number;
}

/** How long an orderly end may take. */
export interface CloseOptions extends FlushOptions {
  /** How long, after our FIN, the peer may take to send its own before the session is released, in ms; 10000 if not given. */
  readonly drainTimeoutMs?: number;
}

/** What to wait for: all that is given, at once. */
export interface SessionFacts {
  /** It has ended; the peer's FIN has come; the peer's RST has come. Stays true once it is. */
  readonly condition?: "ENDED" | "PEER_FIN" | "PEER_RST";
  /** The state that the kernel says now, by the names of RFC 9293. */
  readonly state?: Exclude<keyof typeof Session_State, "UNSPECIFIED" | "UNRECOGNIZED">;
  /** At least so many bytes of the peer were read. */
  readonly bytesReceived?: number | bigint;
  /** At least so many bytes were handed to the kernel. */
  readonly bytesSent?: number | bigint;
}

/** How much to take. */
export interface ReceiveOptions extends WaitOptions {
  /** Wait for so many bytes, or the end of the stream; 1 if not given: whatever comes. */
  readonly minBytes?: number;
  /** Take at most so many; 1 MiB if not given. */
  readonly maxBytes?: number;
}

/** The wait of the daemon where none is given, in ms. */
export const defaultTimeoutMs = 5000;

/**
 * One connection, by its name and for this one life of it: a command never meets a later one of the same name. But for
 * `signal`, which goes by the name alone.
 */
export class Session {
  readonly #connection: Connection;
  /** The scope of the fixture. */
  readonly scope: string;
  /** `echo/1` for the first connection that listener `echo` accepted; `dial/1` for the first dialed one. */
  readonly name: string;
  /** Never reused. */
  readonly uid: string;
  /** The listener that accepted it; empty for a dialed one. */
  readonly listener: string;
  /** Its number in accept order, from 1; 0 for a dialed one. */
  readonly ordinal: number;
  /** The daemon's end, `ip:port`. */
  readonly localAddress: string;
  /** The other end, `ip:port`. */
  readonly peerAddress: string;

  private constructor(connection: Connection, view: SessionView) {
    this.#connection = connection;
    this.scope = view.scope;
    this.name = view.name;
    this.uid = view.uid;
    this.listener = view.listener;
    this.ordinal = Number(view.ordinal);
    this.localAddress = view.localAddress;
    this.peerAddress = view.peerAddress;
  }

  /** @internal Made by a fixture or a listener. */
  static of(connection: Connection, view: SessionView): Session {
    return new Session(connection, view);
  }

  /** The session as it stands, with the kernel's view of it (`tcpInfo`) while it lives. */
  async view(): Promise<SessionView> {
    const { scope, name, uid } = this;
    const request = { scope, session: name, view: Session_View.FULL };
    const { session } = await this.#connection.call("getSession", request);
    if (session?.uid === uid) return session;
    // The name is another life by now. GetSession knows no uid, WaitSession does.
    return given((await this.#connection.call("waitSession", { ...this.#target(), timeout: milliseconds(0) })).session);
  }

  /** FIN after all that was written; then what the peer still sends is read until its FIN or RST. */
  async close({ flushTimeoutMs = defaultTimeoutMs, drainTimeoutMs }: CloseOptions = {}): Promise<Receipt> {
    const drainTimeout = drainTimeoutMs === undefined ? undefined : milliseconds(drainTimeoutMs);
    const request = { ...this.#target(), flushTimeout: milliseconds(flushTimeoutMs), drainTimeout };
    const { receipt } = await this.#connection.call("closeSession", request, { waitMs: flushTimeoutMs });
    return given(receipt);
  }

  /** FIN after all that was written, and reading goes on. */
  async halfClose({ flushTimeoutMs = defaultTimeoutMs }: FlushOptions = {}): Promise<Receipt> {
    const request = { ...this.#target(), flushTimeout: milliseconds(flushTimeoutMs) };
    const { receipt } = await this.#connection.call("halfCloseSession", request, { waitMs: flushTimeoutMs });
    return given(receipt);
  }

  /** RST now. The receipt is final. */
  async reset(): Promise<Receipt> {
    const { receipt } = await this.#connection.call("resetSession", this.#target());
    return given(receipt);
  }

  /**
   * Any action of the catalogue: `{ reset: { afterFlush: true } }`. What is given up stops waiting; what it has done stays
   * done.
   * @returns the receipt so far; undefined where neither side has ended
   * @throws HangupError WAIT_TIMEOUT where it is not over in time
   */
  async perform(action: Action, options: PerformOptions = {}): Promise<Receipt | undefined> {
    const { timeoutMs = 30_000, signal } = options;
    const request = { ...this.#target(), action: actionMessage(action) };
    const { receipts } = await this.#connection.call("performAction", request, { timeoutMs, signal });
    return receipts[0];
  }

  /**
   * Sends bytes, or a text as UTF-8; 1 byte to 1 MiB. Done when the kernel has taken the last of them: of more than 64 KiB
   * wait for that, before the session is asked for what shall come after them.
   */
  async send(
    data: string | Uint8Array,
    { flushTimeoutMs = defaultTimeoutMs }: FlushOptions = {},
  ): Promise<SessionView> {
    const payload =
      typeof data === "string" ? ({ $case: "text", value: data } as const) : ({ $case: "data", value: data } as const);
    const request = { ...this.#target(), payload, flushTimeout: milliseconds(flushTimeoutMs) };
    const { session } = await this.#connection.call("sendData", request, { waitMs: flushTimeoutMs });
    return given(session);
  }

  /** Takes bytes that the peer sent, where the behaviour is manual: a dialed session's, if not told otherwise. */
  async receive(options: ReceiveOptions = {}): Promise<ReceiveDataResponse> {
    const { minBytes = 0, maxBytes = 0, timeoutMs = defaultTimeoutMs, signal } = options;
    const request = { ...this.#target(), minBytes, maxBytes, timeout: milliseconds(timeoutMs) };
    return this.#connection.call("receiveData", request, { waitMs: timeoutMs, signal });
  }

  /** Waits until all that is given holds. @throws HangupError WAIT_TIMEOUT, which says what was seen last */
  async wait(facts: SessionFacts, { timeoutMs = defaultTimeoutMs, signal }: WaitOptions = {}): Promise<SessionView> {
    const { condition = "UNSPECIFIED", state = "UNSPECIFIED", bytesReceived = 0, bytesSent = 0 } = facts;
    const request = {
      ...this.#target(),
      condition: WaitSessionRequest_Condition[condition],
      state: Session_State[state],
      bytesReceived,
      bytesSent,
      timeout: milliseconds(timeoutMs),
    };
    const { session } = await this.#connection.call("waitSession", request, { waitMs: timeoutMs, signal });
    return given(session);
  }

  /** Waits until it has ended, and gives its receipt, which is final. */
  async waitEnded(options: WaitOptions = {}): Promise<Receipt> {
    return given((await this.wait({ condition: "ENDED" }, options)).receipt);
  }

  /** Fires the step of its plan that waits for this signal; of the session that has this name now. */
  async signal(signal: string): Promise<void> {
    const { scope, name: session } = this;
    await this.#connection.call("signalPlan", { scope, session, signal });
  }

  #target(): { scope: string; session: string; uid: string } {
    return { scope: this.scope, session: this.name, uid: this.uid };
  }
}

/** What a reply has by the contract. */
export function given<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("a reply of the daemon without what the contract says is in it");
  return part;
}
