import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import { AbandonedClients } from "./abandoned-clients.js";
import type { Address } from "./address.js";
import { isOneOfTheLast } from "./descriptors.js";

const accepted = "net.server.socket";

/** So many are on their way to their first call at any time: they are no reason to be in want of descriptors. */
const few = 16;

/** The servers that accept sessions: one of them may have the port of the API, on another address. */
export const sessionServers = new WeakSet<Server>();

/** libuv's handle: one for each connection, whatever is laid over it. */
interface Handle {
  readonly fd?: number;
}

/** Node keeps the server of an accepted socket, libuv's handle, and what TLS is laid over, in fields it does not document. */
type AcceptedSocket = Socket & {
  readonly server?: Server;
  readonly _handle?: Handle | null;
  readonly _parent?: AcceptedSocket | null;
};

/** A call, as the server's HTTP/2 tells it. */
interface CallStream {
  readonly session?: { readonly destroyed: boolean; readonly socket: Socket };
}

/** The headers of a call that say whose it is. */
export interface CallHeaders {
  readonly authorization?: string | undefined;
}

/** How the connections to the API are bounded. */
export interface ApiBound {
  /** How many there may be at once. */
  readonly max: number;
  /** Whether a call with these headers is of somebody who may call. */
  readonly mayCall: (headers: CallHeaders) => boolean;
  /** One was closed: an idle one that made room for another, or that other as soon as it was accepted. */
  readonly onClosed: (which: "idle" | "new", why: "TOO_MANY_CONNECTIONS" | "EMFILE") => void;
}

/**
 * Bounds the connections to the server that listens on an address, which its library keeps to itself: at most `max` at
 * once, and none that would take one of the last descriptors. Where there is no room for another, the oldest that has
 * begun no call of somebody who may call is closed for it, within a handshake of TLS too: whoever only connects keeps
 * nobody out. Those that the library has forgotten are let go.
 */
export function boundApiConnections(listen: Address, { max, mayCall, onClosed }: ApiBound): Disposable {
  const bounded = new WeakSet<Server>();
  const abandoned = new AbandonedClients();
  const all = new Set<Socket>();
  /** Those that have begun no call, the oldest first. */
  const idle = new Map<Handle, Socket>();
  /** How many there may be before one of many idle ones makes room: fewer than `max` after descriptors have run out. */
  let room = max;

  const onStream = ({ session }: CallStream, headers: CallHeaders): void => {
    if (idle.size === 0 || session === undefined || session.destroyed) return;
    const { _handle, _parent } = session.socket as AcceptedSocket;
    const handle = _parent?._handle ?? _handle;
    if (handle && idle.has(handle) && mayCall(headers)) idle.delete(handle);
  };
  const forget = (socket: Socket, handle: Handle): void => {
    all.delete(socket);
    idle.delete(handle);
    if (all.size < room / 2) room = max;
  };
  const onAccepted = (message: unknown): void => {
    const { socket } = message as { readonly socket: AcceptedSocket };
    const { server, _handle: handle } = socket;
    if (server === undefined || sessionServers.has(server) || !listensOn(server, listen)) return;
    if (!bounded.has(server)) {
      bounded.add(server);
      server.on("stream", onStream);
    }
    if (!handle) return; // closed already
    const isLast = isOneOfTheLast(handle.fd ?? -1, "api");
    // One of the last descriptors does not stay, whoever has it. To the next one a lower number will be given.
    if (isLast) room = Math.max(1, Math.min(max, all.size - 1));
    const why = isLast ? "EMFILE" : "TOO_MANY_CONNECTIONS";
    const isFull = isLast || all.size >= max || (all.size >= room && idle.size > few);
    const [oldest] = isFull ? idle : [];
    if (oldest !== undefined) {
      forget(oldest[1], oldest[0]);
      oldest[1].destroy();
      onClosed("idle", why);
    }
    if (isLast || all.size >= max) {
      socket.destroy();
      onClosed("new", why);
      return;
    }
    all.add(socket);
    idle.set(handle, socket);
    socket.once("close", () => forget(socket, handle));
    abandoned.add(socket);
  };
  subscribe(accepted, onAccepted);
  return { [Symbol.dispose]: () => void unsubscribe(accepted, onAccepted) };
}

function listensOn(server: Server, listen: Address): boolean {
  const bound = server.address();
  if (bound === null) return false;
  if (typeof bound === "string") return listen.kind === "unix" && bound === listen.path;
  return listen.kind === "tcp" && bound.port === listen.port;
}
