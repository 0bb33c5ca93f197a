import type { ListenerServiceClient } from "../../src/gen/hangup/v1/listener.js";
import type { SessionServiceClient } from "../../src/gen/hangup/v1/session.js";

export type ListenerRequest = Parameters<ListenerServiceClient["createListener"]>[0];
export type WaitRequest = Parameters<SessionServiceClient["waitSession"]>[0];

/** A call of the peer; `socket` tells its sockets apart, the first one being `a`. */
export type PeerStep = { readonly socket?: string; readonly deadlineMs?: number } & (
  | {
      readonly peer: "connect";
      /** connect(2) that returns at once, then poll(2) and SO_ERROR. */
      readonly nonBlocking?: boolean;
      readonly sndbuf?: number;
      readonly userTimeoutMs?: number;
    }
  | { readonly peer: "recv" | "recvUrgent" | "poll" | "state" | "shutdown" | "close" }
  /** poll(2) that asks for no event, and so waits for those that nobody has to ask for: POLLERR, POLLHUP. */
  | { readonly peer: "poll for errors" }
  /** To the end, or to `max` bytes; `some`: how many come is the kernel's business, if any and fewer than that. */
  | { readonly peer: "recvAll"; readonly max?: number; readonly some?: number }
  /** One send(2) of that many bytes. */
  | { readonly peer: "send"; readonly bytes?: number }
  | { readonly peer: "sendAll"; readonly bytes: number }
);

/** What is done to our side meanwhile. */
export type DaemonStep =
  /** An action in the JSON of the contract, durations as objects. */
  | { readonly perform: Readonly<Record<string, unknown>> }
  | { readonly wait: Omit<WaitRequest, "session" | "listener" | "scope"> }
  | { readonly update: "LISTENING" | "REFUSING" | "STALLED" | "QUEUEING" }
  | { readonly deleteListener: "RESET" | "CLOSE" }
  /** SIGKILL for the daemon that listens. */
  | { readonly crash: true }
  /** The peer sends and receives in turn until it meets an end; when bytes have gone round, the action is performed. */
  | { readonly busyPeerDuring: Readonly<Record<string, unknown>> };

export type Step = PeerStep | DaemonStep;

/** An ending, or a failure to begin, that the fixture can give: how it is asked for, and all that a Linux peer may see. */
export interface Entry {
  /** Unique; begins with the name of the page. */
  readonly name: string;
  /** Its page under docs/actions. */
  readonly page: string;
  /** What has to work here, by the names that GetInfo has. */
  readonly needs: readonly string[];
  readonly listener?: ListenerRequest;
  /** On a unix socket, where there is no wire. */
  readonly unix?: true;
  /** The listener belongs to a daemon of its own, which can crash. */
  readonly ownDaemon?: true;
  /** In this order, without anything in between. */
  readonly steps: readonly Step[];
  /** All that the calls of the peer may give, in their order: `ok, ECONNRESET, EOF`. */
  readonly outcomes: readonly string[];
  /** All that may be on the wire, `<` from the peer and `>` from us (see wire.ts), `...` for data. Not on unix sockets. */
  readonly wire?: readonly string[];
  /** On the wire every data segment counts, not only every run of them. */
  readonly eachSegment?: true;
  /** A run takes about a second or more. */
  readonly slow?: true;
  /** Of a set larger than one: why the kernel is free, and what to use where one outcome is wanted. */
  readonly freedom?: { readonly why: string; readonly instead: string };
}

/** How often an entry is run where the whole table is proven. */
export function fullRuns(entry: Entry): number {
  return entry.slow ? 20 : 200;
}

/** Why RSTs without ACK (`>R`, `<R`) may come when a connection is over, and are not counted there. */
export const crossing =
  "a segment that was under way when the connection ended finds none any more, and the kernel that gets it answers with one " +
  "more RST (RFC 9293, section 3.10.7.1), which nobody sees: both ends are closed by then";

// The words of the entries.

export const connect: PeerStep = { peer: "connect" };
export const recv: PeerStep = { peer: "recv" };
export const recvAll: PeerStep = { peer: "recvAll" };
export const send: PeerStep = { peer: "send" };
export const poll: PeerStep = { peer: "poll" };
/** A RST that answers the peer's own write comes when the kernel gets round to it: on a busy machine after that write. */
export const pollForErrors: PeerStep = { peer: "poll for errors" };
export const state: PeerStep = { peer: "state" };

/** A recv that is to find nothing. */
export const recvNothing: PeerStep = { peer: "recv", deadlineMs: 50 };

export function act(verb: string, value: Readonly<Record<string, unknown>> = {}): DaemonStep {
  return { perform: { [verb]: value } };
}

/** A duration of the contract, for `act`. */
export function ms(milliseconds: number): { seconds: string; nanos: number } {
  return { seconds: String(Math.floor(milliseconds / 1000)), nanos: (milliseconds % 1000) * 1e6 };
}
