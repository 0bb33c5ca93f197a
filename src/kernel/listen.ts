import { lookup } from "node:dns/promises";
import { createServer, type Server, type Socket } from "node:net";
import { type Address, normalizeHost } from "./address.js";
import { sessionServers } from "./api-connections.js";
import { Connection } from "./connection.js";
import { assertDescriptor, isOneOfTheLast } from "./descriptors.js";
import { errnoOf, KernelError } from "./errno.js";
import { loadFfi } from "./ffi.js";
import { isIP } from "./ip.js";
import { PortHolder } from "./port-holder.js";
import { removeStaleUnixSocket } from "./unix-socket.js";

/**
 * What a client that connects meets: accepted; refused (ECONNREFUSED); unanswered; completed by the kernel and never
 * accepted until the backlog is full, then unanswered.
 */
export type ListenState = "LISTENING" | "REFUSING" | "STALLED" | "QUEUEING";

/** What a listening socket tells its owner. */
export interface ListenOwner {
  /** A connection was accepted; it is paused and has no owner yet. */
  onConnection(connection: Connection): void;
  /** A connection could not be accepted; the socket goes on. */
  onAcceptError(errno: string): void;
}

/** How to listen. */
export interface ListenOptions {
  readonly state: ListenState;
  /** Connections that the kernel completes before they are accepted (listen(2)). */
  readonly backlog: number;
  /** SO_RCVBUF of the connections to come; undefined: the kernel's. */
  readonly receiveBufferBytes: number | undefined;
  /** The connections to come are closed by RST, whoever closes them. */
  readonly lingerZero: boolean;
  /** Throws for an address that must not be listened on; a host name is resolved before. */
  readonly assertMayListen?: (address: Address) => void;
}

/** A socket that accepts connections, or does what else its state says, and keeps its port throughout. */
export class ListeningSocket {
  private server: Server | undefined;
  /** Undefined until the first state is entered: REFUSING too is one that has to be. */
  private current: ListenState | undefined;
  private closed = false;

  private constructor(
    private readonly holder: PortHolder | undefined,
    readonly address: Address,
    private readonly options: ListenOptions,
    private readonly owner: ListenOwner,
  ) {}

  /**
   * Binds, and enters the state asked for. `::` takes IPv6 and IPv4 both. Without the FFI Node binds, and LISTENING is
   * the only state.
   *
   * @throws KernelError with the errno of the call that was refused, or of the look-up of the host; what
   *   `assertMayListen` threw.
   */
  static async open(address: Address, options: ListenOptions, owner: ListenOwner): Promise<ListeningSocket> {
    const resolved = await resolve(address);
    options.assertMayListen?.(resolved);
    if (resolved.kind === "unix") await removeStaleUnixSocket(resolved.path);
    const load = loadFfi();
    if (!load.available) {
      assertDescriptor("socket");
      const server = await listening(owner, resolved, (made) =>
        resolved.kind === "unix"
          ? made.listen({ path: resolved.path, backlog: options.backlog })
          : made.listen({ host: resolved.host, port: resolved.port, backlog: options.backlog }),
      );
      const socket = new ListeningSocket(undefined, boundAddress(server), options, owner);
      socket.server = server;
      socket.current = "LISTENING";
      return socket;
    }
    const holder = PortHolder.bind(load.ffi, resolved);
    try {
      const socket = new ListeningSocket(holder, holder.address, options, owner);
      if (options.receiveBufferBytes !== undefined) holder.setReceiveBuffer(options.receiveBufferBytes);
      if (options.lingerZero) holder.setLingerZero(true);
      await socket.enter(options.state);
      return socket;
    } catch (error) {
      holder.close();
      throw error;
    }
  }

  get state(): ListenState {
    return this.current ?? "REFUSING";
  }

  /** Changes what clients meet; the port is held throughout. @throws KernelError. */
  async enter(state: ListenState): Promise<void> {
    const { holder } = this;
    if (holder === undefined || state === this.current) return;
    const before = this.current;
    if (state === "REFUSING") this.refuse(holder);
    else {
      if (before === "REFUSING") holder.rebindFile();
      if (state === "STALLED") holder.dropSyns(true);
      if (state === "QUEUEING") {
        this.server?.close();
        this.server = undefined;
        holder.listen(this.options.backlog);
      } else if (this.server === undefined) {
        const server = await listening(this.owner, this.address, (made) =>
          made.listen({ fd: holder.duplicate(), backlog: this.options.backlog }),
        );
        // Deleted meanwhile: its duplicate of the port goes too.
        if (this.closed) server.close();
        if (this.closed) throw new KernelError("listen", "ECANCELED");
        this.server = server;
      }
    }
    // Last, so that no client meets the state before once more.
    if (before === "STALLED") holder.dropSyns(false);
    this.current = state;
  }

  /** The connections to come are closed by RST, or as usual again. */
  setLingerZero(on: boolean): void {
    this.holder?.setLingerZero(on);
  }

  /** Accepts no more, and lets the port go. What the kernel had completed and nobody accepted it resets. */
  close(): void {
    this.closed = true;
    this.server?.close();
    this.server = undefined;
    this.holder?.close();
  }

  private refuse(holder: PortHolder): void {
    if (this.address.kind === "unix") holder.closeKeepingFile();
    else holder.stopListening();
    this.server?.close();
    this.server = undefined;
  }
}

/** A server of Node's that listens, by the way given. */
async function listening(owner: ListenOwner, address: Address, begin: (server: Server) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  sessionServers.add(server);
  const unixPath = address.kind === "unix" ? address.path : undefined;
  server.on("connection", (socket: Socket) => {
    const connection = new Connection(socket, unixPath);
    if (!isOneOfTheLast(connection.fd, "fixture")) return owner.onConnection(connection);
    connection.abandon();
    owner.onAcceptError("EMFILE");
  });
  await new Promise<void>((done, reject) => {
    server.once("error", (error) => reject(new KernelError("listen", errnoOf(error))));
    server.once("listening", done);
    begin(server);
  });
  server.removeAllListeners("error");
  server.on("error", (error) => owner.onAcceptError(errnoOf(error)));
  return server;
}

async function resolve(address: Address): Promise<Address> {
  if (address.kind === "unix" || isIP(address.host) !== 0) return address;
  try {
    return { ...address, host: (await lookup(address.host)).address };
  } catch (error) {
    throw new KernelError("lookup", errnoOf(error));
  }
}

function boundAddress(server: Server): Address {
  const bound = server.address();
  if (bound === null) throw new Error("bug: a listening server without an address");
  if (typeof bound === "string") return { kind: "unix", path: bound };
  return { kind: "tcp", host: normalizeHost(bound.address), port: bound.port };
}
