import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import { AbandonedClients } from "./abandoned-clients.js";
import type { Address } from "./address.js";
import { isOneOfTheLast } from "./descriptors.js";

const accepted = "net.server.socket";

/** The servers that accept sessions: one of them may have the port of the API, on another address. */
export const sessionServers = new WeakSet<Server>();

/** Node keeps the server of an accepted socket, and libuv's handle, in fields that it does not document. */
type AcceptedSocket = Socket & { readonly server?: Server; readonly _handle?: { readonly fd?: number } | null };

/**
 * Bounds the connections to the server that listens on an address, which its library keeps to itself: at most `max` at
 * once, and none that would take one of the last descriptors. Others are closed as soon as they are accepted. Those that
 * the library has forgotten are let go.
 */
export function boundApiConnections(
  listen: Address,
  max: number,
  onRefused: (why: "TOO_MANY_CONNECTIONS" | "EMFILE") => void,
): Disposable {
  const bounded = new WeakSet<Server>();
  const abandoned = new AbandonedClients();
  const onAccepted = (message: unknown): void => {
    const { socket } = message as { readonly socket: AcceptedSocket };
    const { server } = socket;
    if (server === undefined || sessionServers.has(server) || !listensOn(server, listen)) return;
    if (!bounded.has(server)) {
      bounded.add(server);
      server.maxConnections = max;
      server.on("drop", () => onRefused("TOO_MANY_CONNECTIONS"));
    }
    if (!isOneOfTheLast(socket._handle?.fd ?? -1, "api")) return abandoned.add(socket);
    socket.destroy();
    onRefused("EMFILE");
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
