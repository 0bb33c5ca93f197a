import { createServer, type Server, type Socket } from "node:net";
import { type Address, normalizeHost } from "./address.js";
import { Connection } from "./connection.js";
import { errnoOf, KernelError } from "./errno.js";
import { removeStaleUnixSocket } from "./unix-socket.js";

/** What a listening socket tells its owner. */
export interface ListenOwner {
  /** A connection was accepted; it is paused and has no owner yet. */
  onConnection(connection: Connection): void;
  /** A connection could not be accepted; the socket goes on. */
  onAcceptError(errno: string): void;
}

/** A socket that accepts connections. */
export interface ListeningSocket {
  /** Where it is bound, with the real port. */
  readonly address: Address;
  /** Accepts no more. What the kernel had completed and nobody accepted it resets. */
  close(): void;
}

/**
 * Binds and listens. `::` takes IPv6 and IPv4 both.
 *
 * @throws KernelError with the errno of bind(2) or listen(2), or of the look-up of the host.
 */
export async function listen(address: Address, owner: ListenOwner): Promise<ListeningSocket> {
  if (address.kind === "unix") await removeStaleUnixSocket(address.path);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  const unixPath = address.kind === "unix" ? address.path : undefined;
  server.on("connection", (socket: Socket) => owner.onConnection(new Connection(socket, unixPath)));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new KernelError("listen", errnoOf(error))));
    const where = address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
    server.listen(where, resolve);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => owner.onAcceptError(errnoOf(error)));
  return { address: boundAddress(server), close: () => void server.close() };
}

function boundAddress(server: Server): Address {
  const bound = server.address();
  if (bound === null) throw new Error("bug: a listening server without an address");
  if (typeof bound === "string") return { kind: "unix", path: bound };
  return { kind: "tcp", host: normalizeHost(bound.address), port: bound.port };
}
