import type { Socket } from "node:net";
import { loadFfi } from "./ffi.js";

const POLLIN = 0x01;
const entryBytes = 8;
/** How often it is asked, in ms. What lay unread for two rounds is read by nobody. */
const roundMs = 1000;

/** libuv's handle: what it has read, and what it has still to write. */
interface Handle {
  readonly fd?: number;
  readonly bytesRead?: number;
  readonly writeQueueSize?: number;
}

type SocketWithHandle = Socket & { readonly _handle?: Handle | null };

/**
 * Releases connections that nobody reads any more. After an error of the connection (RFC 9113, 5.4.1) the HTTP/2 of
 * Node 20 sends GOAWAY, stops reading, and never closes: it would miss the client's FIN, and keep the descriptor for ever.
 * One that waits for its client to take what is written reads nothing either, and is left alone: the client may be
 * stopped at a breakpoint.
 */
export class AbandonedClients {
  /** Each, and how much had been read of it when something lay unread in the round before. */
  private readonly sockets = new Map<SocketWithHandle, number | undefined>();
  private timer: NodeJS.Timeout | undefined;

  add(socket: Socket): void {
    this.sockets.set(socket, undefined);
    socket.once("close", () => {
      this.sockets.delete(socket);
      if (this.sockets.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    });
    this.timer ??= setInterval(() => this.round(), roundMs).unref();
  }

  private round(): void {
    const load = loadFfi();
    if (!load.available) return;
    const sockets = [...this.sockets];
    const entries = Buffer.alloc(sockets.length * entryBytes);
    sockets.forEach(([socket], index) => {
      entries.writeInt32LE(socket._handle?.fd ?? -1, index * entryBytes);
      entries.writeUInt16LE(POLLIN, index * entryBytes + 4);
    });
    load.ffi.poll(entries, sockets.length, 0);
    sockets.forEach(([socket, readBefore], index) => {
      const { bytesRead, writeQueueSize } = socket._handle ?? {};
      // Also at the end, and with an error pending.
      const isReadable = (entries.readUInt16LE(index * entryBytes + 6) & POLLIN) !== 0;
      const lies = isReadable && writeQueueSize === 0 ? bytesRead : undefined;
      if (lies !== undefined && lies === readBefore) socket.destroy();
      else this.sockets.set(socket, lies);
    });
  }
}
