import { loadFfi } from "./ffi.js";
import { everyTick } from "./ticker.js";

// Node tells nothing of a socket that is not being read: neither the peer's FIN nor its RST. One poll(2) a tick asks
// for all of them together.

const POLLERR = 0x08;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;
const entryBytes = 8;

/** What the kernel holds ready to be noticed on a socket (poll(2)). */
export interface Noticed {
  /** The peer sends no more: its FIN or RST has come. */
  readonly peerDone: boolean;
  /** An error is pending, or both directions are done. */
  readonly errorOrDone: boolean;
}

/** A socket to watch: its descriptor at the moment (-1 when gone), and what to do when something is noticed. */
export interface Watched {
  readonly fd: number;
  onNoticed(noticed: Noticed): void;
}

const watched = new Set<Watched>();
let entries = Buffer.alloc(entryBytes * 64);
let stop: (() => void) | undefined;

/** Watches a socket until `unwatch`. Watching twice is watching once. */
export function watch(socket: Watched): void {
  watched.add(socket);
  stop ??= loadFfi().available ? everyTick(round) : undefined;
}

/** Stops watching a socket. */
export function unwatch(socket: Watched): void {
  watched.delete(socket);
  if (watched.size === 0) {
    stop?.();
    stop = undefined;
  }
}

function round(): void {
  const load = loadFfi();
  if (!load.available) return;
  const sockets = [...watched];
  if (entries.length < sockets.length * entryBytes) entries = Buffer.alloc(sockets.length * entryBytes * 2);
  sockets.forEach((socket, index) => {
    entries.writeInt32LE(socket.fd, index * entryBytes);
    entries.writeUInt32LE(POLLRDHUP, index * entryBytes + 4); // events, and revents cleared
  });
  if (load.ffi.poll(entries, sockets.length, 0) <= 0) return;
  sockets.forEach((socket, index) => {
    const revents = entries.readUInt16LE(index * entryBytes + 6);
    // What was noticed of one may have released another meanwhile.
    if (revents === 0 || !watched.has(socket)) return;
    socket.onNoticed({
      peerDone: (revents & (POLLRDHUP | POLLHUP | POLLERR)) !== 0,
      errorOrDone: (revents & (POLLHUP | POLLERR)) !== 0,
    });
  });
}
