import type { Socket } from "node:net";
import { type Address, normalizeHost } from "./address.js";
import { closeSilently, dropBothWays, dropInbound } from "./black-hole.js";
import { type Errno, errnoName, errnoOf } from "./errno.js";
import { loadFfi } from "./ffi.js";
import { type BudgetedReader, readBudget } from "./read-budget.js";
import { type DiagState, lookUp } from "./sock-diag.js";
import {
  acknowledgeNow,
  clearLinger,
  cork,
  segmentBytes,
  sendNow,
  sendUrgentNow,
  setLingerZero,
  shutdownWrite,
  takeSocketError,
  tcpState,
  unacknowledgedInKernel,
  unreadInKernel,
} from "./socket-calls.js";
import { type Noticed, unwatch, type Watched, watch } from "./socket-watch.js";
import { readTcpInfo, type TcpInfo } from "./tcp-info.js";
import { isLingering, type TcpState } from "./tcp-state.js";

/** What a connection tells its owner. Each is called at most once, but for `onData` and `onWritten`. */
export interface ConnectionOwner {
  /** Bytes of the peer were read. */
  onData(chunk: Buffer): void;
  /** The kernel took bytes that were queued. */
  onWritten(): void;
  /** Our FIN has been handed to the kernel. */
  onFinSent(): void;
  /** The peer's FIN was seen; bytes before it may still be unread. */
  onPeerFin(): void;
  /** All that the peer sent before its FIN has been read. */
  onEndOfData(): void;
  /**
   * The peer's RST was seen. The connection releases itself after this; with `true` it first reads what the kernel
   * still holds of the peer's bytes (what is read before an error is lost to nobody, tcp(7)).
   */
  onPeerRst(errno: Errno): boolean;
  /** The kernel gave the connection up without a word of the peer. The connection releases itself after this. */
  onLost(errno: Errno): void;
  /** Both sides' FINs are through and acknowledged: nothing can come any more. */
  onSettled(): void;
  /** The descriptor is released: nothing follows. */
  onReleased(): void;
}

const itsConnection = Symbol("connection");

/** Node keeps libuv's handle in a private field; there is no public way to the descriptor, or to stop reading at once. */
type SocketWithHandle = Socket & {
  /** Whose it is: handlers that are the same for all sockets find it here, where each would have had its own. */
  [itsConnection]?: Connection;
  readonly _handle?: {
    readonly fd?: number;
    readonly bytesWritten?: number;
    readonly writeQueueSize?: number;
    readStart(): number;
    readStop(): number;
  } | null;
};

type ReadSide = "open" | "fin" | "ended" | "rst";
type WriteSide = "open" | "fin_pending" | "fin_sent";

/**
 * A TCP or unix stream connection, with its endings as verbs. Down is `send...`, up is `on...`.
 *
 * Half-close is data: each direction has its own state. The kernel's own states are not copied; `state()` asks.
 */
export class Connection implements Watched, BudgetedReader {
  readonly localAddress: Address;
  readonly peerAddress: Address;
  bytesReceived = 0;
  private readSide: ReadSide = "open";
  private writeSide: WriteSide = "open";
  private paused = true;
  /** Reads on when its turn comes (see `ReadBudget`). */
  private parked = false;
  /** Reading has begun once: until then the stream's own resume() must do it. */
  private started = false;
  private settling = false;
  /** Our FIN went after the peer's: then it ends in CLOSED, and in TIME_WAIT never (RFC 9293, section 3.6). */
  private passive = false;
  /** The kernel knows it no more, and no look-up is needed to tell. */
  private gone = false;
  private released = false;
  /** Kept from the moment of release, when Node forgets it. */
  private sentAtRelease = 0;
  /** Bytes handed to the kernel by the FFI, which Node does not count. */
  private sentOutside = 0;
  /** Made at the first write: many never write. */
  private writeDone: ((error?: Error | null) => void) | undefined;
  private owner!: ConnectionOwner;
  private readonly socket: SocketWithHandle;

  /** Takes over a connected socket that has been paused since it was made and is allowed to stay half open. */
  constructor(socket: Socket, unixPath?: string) {
    this.socket = socket;
    this.localAddress = endOf(socket.localAddress, socket.localPort, unixPath);
    this.peerAddress = endOf(socket.remoteAddress, socket.remotePort, unixPath === undefined ? undefined : "");
    this.socket[itsConnection] = this;
    socket.on("error", onSocketError);
  }

  /** Begins to tell `owner` what happens; reading starts with `resume`. */
  attach(owner: ConnectionOwner): void {
    this.owner = owner;
    this.socket.on("data", onSocketData);
    this.socket.on("end", onSocketEnd);
    watch(this);
  }

  /** The descriptor now, -1 when released. Good for this tick only. */
  get fd(): number {
    return this.socket._handle?.fd ?? -1;
  }

  get isTcp(): boolean {
    return this.localAddress.kind === "tcp";
  }

  get isReleased(): boolean {
    return this.released;
  }

  /** The kernel's state, by TCP_INFO while the descriptor is held, then by sock_diag. */
  state(): TcpState {
    if (this.gone) return "CLOSED";
    const fd = this.fd;
    const state = this.isTcp && fd >= 0 ? tcpState(fd) : "CLOSED";
    if (state !== "CLOSED") return state;
    this.gone = this.isTcp && fd >= 0 && this.passive;
    if (this.gone) return state;
    const found = this.lookUp().state;
    // Another life of the two addresses is none of ours.
    return isLingering(found) || found === "UNKNOWN" ? found : "CLOSED";
  }

  /** What the kernel has under the two addresses: also TIME_WAIT, which is no socket's own state. */
  lookUp(): DiagState {
    return lookUp(this.localAddress, this.peerAddress);
  }

  /** TCP_INFO as a whole; undefined once released, and where it cannot be asked. */
  tcpInfo(): TcpInfo | undefined {
    const fd = this.fd;
    return this.isTcp && fd >= 0 ? readTcpInfo(fd) : undefined;
  }

  /** Bytes handed to the kernel so far. */
  get bytesSent(): number {
    if (this.released) return this.sentAtRelease;
    const handle = this.socket._handle;
    // libuv counts a write as a whole when it takes it, and keeps what the kernel did not take in its queue.
    const inside = handle ? (handle.bytesWritten ?? 0) - (handle.writeQueueSize ?? 0) : this.socket.bytesWritten;
    return inside + this.sentOutside;
  }

  /** Bytes written and not yet handed to the kernel. */
  get queuedBytes(): number {
    return this.released ? 0 : this.socket.bytesWritten + this.sentOutside - this.bytesSent;
  }

  /** Bytes of ours that the peer's kernel has not acknowledged, the queued ones included. */
  get unsentBytes(): number {
    const fd = this.fd;
    if (fd < 0) return 0;
    const inKernel = unacknowledgedInKernel(fd);
    const finCounted = this.writeSide === "fin_sent" && inKernel > 0 ? 1 : 0;
    return this.queuedBytes + inKernel - finCounted;
  }

  /** Bytes of the peer that are still in the kernel, or held back by Node while paused. */
  get unreadBytes(): number {
    const fd = this.fd;
    return fd < 0 ? 0 : unreadInKernel(fd) + this.socket.readableLength;
  }

  get finSent(): boolean {
    return this.writeSide === "fin_sent";
  }

  /** Reads on. */
  resume(): void {
    if (this.released || !this.paused) return;
    this.paused = false;
    if (this.readSide === "open" && !this.settling) unwatch(this);
    if (this.parked) return;
    if (this.started) this.socket._handle?.readStart();
    else this.socket.resume();
    this.started = true;
  }

  unpark(): boolean {
    this.parked = false;
    if (this.released || this.paused) return false;
    this.socket._handle?.readStart();
    return true;
  }

  /**
   * Reads no more until `resume`, not a byte: what comes stays in the kernel. The stream's own pause() would first
   * swallow up to 64 KiB, so that neither a zero window nor unread data could be had; the handle is stopped instead,
   * and the stream believes that it is flowing.
   */
  pause(): void {
    if (this.released || this.paused || this.readSide === "ended") return;
    this.paused = true;
    watch(this);
    this.socket._handle?.readStop();
  }

  /** Writes bytes after those written before. Only while no FIN is asked for. */
  write(data: Buffer): void {
    if (this.writeSide !== "open") throw new Error("bug: a write after FIN");
    if (!this.released) this.socket.write(data, (this.writeDone ??= (error) => this.onWriteDone(error)));
  }

  /** Sends FIN as soon as all that was written is with the kernel. Without the FFI that is Node's own end(). */
  sendFin(): void {
    if (this.released || this.writeSide !== "open") return;
    this.writeSide = "fin_pending";
    if (loadFfi().available) this.sendFinWhenFlushed();
    else this.socket.end(() => this.onShutdown());
  }

  /**
   * Sends RST and releases the descriptor: SO_LINGER with l_linger 0, then close(2), in one tick. Never
   * resetAndDestroy(): after end() it leaks the descriptor and sends nothing. Where our FIN had gone before, the peer's
   * may have come since anybody looked: then close(2) sends nothing, and `state()` is TIME_WAIT.
   */
  sendRst(): void {
    const fd = this.fd;
    const rc = fd < 0 ? -1 : setLingerZero(fd);
    if (rc < 0) throw new Error(`bug: no linger on descriptor ${fd}: ${rc}`);
    this.gone = !this.finSent;
    this.letGo();
  }

  /**
   * Writes less than a segment that never leaves, then sends RST: a corked segment that is not full waits, and the
   * RST throws it away. Only while nothing is queued before it.
   */
  sendRstDiscarding(data: Buffer): void {
    const fd = this.fd;
    if (cork(fd, true) === 0) this.sentOutside += Math.max(0, sendNow(fd, data));
    this.sendRst();
  }

  /** The largest segment that can be sent now; 0 where it cannot be asked. */
  get segmentBytes(): number {
    return segmentBytes(this.fd);
  }

  /** Sends bytes and FIN as one segment (corked, then shut down). Only while nothing is queued before them. */
  sendLastData(data: Buffer): Errno | undefined {
    const fd = this.fd;
    cork(fd, true);
    const errno = this.sendOutside(sendNow(fd, data), data);
    if (errno !== undefined) {
      cork(fd, false);
      return errno;
    }
    this.writeSide = "fin_pending";
    this.sendFinWhenFlushed();
    return undefined;
  }

  /** Sends bytes, the last of them urgent. Only while nothing is queued before them. */
  sendUrgent(data: Buffer): Errno | undefined {
    return this.sendOutside(sendUrgentNow(this.fd, data), data);
  }

  /** Bytes that went to the kernel beside Node's stream count like the others. */
  private sendOutside(rc: number, data: Buffer): Errno | undefined {
    if (rc > 0) this.sentOutside += rc;
    if (rc === data.length) return undefined;
    return rc < 0 ? errnoName(-rc) : "EAGAIN";
  }

  /** Drops what the peer sends (INBOUND), or what both send (BOTH); undefined heals. Gives the errno of a refusal. */
  blackHole(direction: "INBOUND" | "BOTH" | undefined): Errno | undefined {
    const fd = this.fd;
    const rc =
      direction === "BOTH"
        ? dropBothWays(fd, this.peerAddress, true)
        : direction === "INBOUND"
          ? dropInbound(fd, true)
          : this.heal(fd);
    return rc < 0 ? errnoName(-rc) : undefined;
  }

  private heal(fd: number): number {
    // ENOENT: there was no key to take away.
    dropBothWays(fd, this.peerAddress, false);
    return dropInbound(fd, false);
  }

  /**
   * Releases the descriptor without a segment that the peer obeys: silently where we may (TCP_REPAIR), else by a RST
   * signed with a key that a Linux peer does not have. Gives the errno when neither can be had; then nothing changed.
   */
  vanish(): Errno | undefined {
    const fd = this.fd;
    acknowledgeNow(fd);
    if (closeSilently(fd) < 0) {
      const rc = dropBothWays(fd, this.peerAddress, true);
      if (rc < 0) return errnoName(-rc);
      setLingerZero(fd);
    }
    this.letGo();
    return undefined;
  }

  /** Closes the descriptor. What the kernel was given it goes on to send; what is queued here is lost. */
  release(): void {
    // A listener with `reset_on_accept` hands its linger down: this close is none that should reset.
    if (!this.released && this.isTcp) clearLinger(this.fd);
    this.letGo();
  }

  private letGo(): void {
    if (this.released) return;
    this.sentAtRelease = this.bytesSent;
    this.released = true;
    unwatch(this);
    this.socket.destroy();
    this.owner.onReleased();
  }

  /** Ends a connection that nobody owns, by RST where that can be had. */
  abandon(): void {
    this.released = true;
    if (this.fd >= 0) setLingerZero(this.fd);
    this.socket.destroy();
  }

  /**
   * Asks the kernel now for what it may hold back from Node: the peer's FIN or RST on a socket that is not read. Gives
   * the state that it found.
   */
  inspect(): TcpState {
    const fd = this.fd;
    if (this.released || fd < 0 || !loadFfi().available) return this.state();
    const errno = takeSocketError(fd);
    const state = this.isTcp ? tcpState(fd) : "UNKNOWN";
    // Both FINs through reads as CLOSED too, without an error; before our FIN only a RST closes.
    if (errno !== undefined) this.onError(errno);
    else if (state === "CLOSED" && this.writeSide !== "fin_sent" && this.readSide !== "rst") this.onError("ECONNRESET");
    else if (state === "CLOSED" || state === "CLOSE_WAIT" || state === "LAST_ACK" || state === "CLOSING")
      this.sawPeerFin();
    if (this.settling) this.settle();
    else if (state === "CLOSED") this.endUnread();
    // After CLOSED a look-up can still say TIME_WAIT.
    return state === "CLOSED" ? this.state() : state;
  }

  /** Both FINs are through and nothing is left to read: over, though nobody reads. */
  private endUnread(): void {
    if (this.released || !this.paused || this.readSide !== "fin" || this.writeSide !== "fin_sent") return;
    if (this.unreadBytes > 0) return;
    this.readSide = "ended";
    this.owner.onEndOfData();
    this.settleWhenBothEnded();
  }

  onNoticed(noticed: Noticed): void {
    if (noticed.errorOrDone) this.inspect();
    if (this.released) return;
    if (noticed.peerDone) this.sawPeerFin();
    // A unix socket has no state to ask for.
    if (noticed.errorOrDone && !this.isTcp) this.endUnread();
  }

  onChunk(chunk: Buffer): void {
    if (this.released) return;
    this.bytesReceived += chunk.length;
    if (readBudget.spend(chunk.length) && !this.parked) {
      this.parked = true;
      this.socket._handle?.readStop();
      readBudget.park(this);
    }
    this.owner.onData(chunk);
  }

  private onWriteDone(error?: Error | null): void {
    // An error comes by the 'error' event as well, and what was written into a RST is reported as success.
    if (this.released || error) return;
    this.owner.onWritten();
    if (this.writeSide === "fin_pending") this.sendFinWhenFlushed();
  }

  private sendFinWhenFlushed(): void {
    const fd = this.fd;
    if (this.released || fd < 0 || this.queuedBytes > 0 || !loadFfi().available) return;
    // ENOTCONN: a RST came first, and will be told in a moment.
    if (shutdownWrite(fd) === 0) this.onShutdown();
    else this.inspect();
  }

  private onShutdown(): void {
    if (this.released) return;
    this.writeSide = "fin_sent";
    this.passive = this.readSide === "fin" || this.readSide === "ended";
    this.owner.onFinSent();
    this.settleWhenBothEnded();
  }

  /**
   * Node's 'end'. It is not the peer's FIN yet: where data and RST arrive together libuv reports a clean end (a
   * partial read, then POLLHUP). The kernel knows.
   */
  onEnd(): void {
    if (this.readSide === "rst") this.release();
    else this.inspect();
    // Asked by the method: inspecting may have released it.
    if (this.isReleased) return;
    this.sawPeerFin();
    this.readSide = "ended";
    this.owner.onEndOfData();
    if (this.isReleased) return;
    watch(this);
    this.settleWhenBothEnded();
  }

  private sawPeerFin(): void {
    if (this.readSide !== "open") return;
    this.readSide = "fin";
    this.owner.onPeerFin();
  }

  private settleWhenBothEnded(): void {
    if (this.released || this.readSide !== "ended" || this.writeSide !== "fin_sent") return;
    this.settling = true;
    watch(this);
    this.settle();
  }

  /** Over when the kernel has the acknowledgement of our FIN: it is in no state that waits for one. */
  private settle(): void {
    if (this.released) return;
    const state = this.isTcp ? tcpState(this.fd) : "CLOSED";
    if (state !== "CLOSED" && state !== "UNKNOWN") return;
    // Our FIN may have been answered by RST, where the peer's kernel knew the connection no more.
    const errno = state === "CLOSED" && this.isTcp ? takeSocketError(this.fd) : undefined;
    if (errno === undefined) this.owner.onSettled();
    else this.onError(errno);
  }

  onError(errno: Errno): void {
    if (this.released) return;
    if (this.readSide === "rst") {
      // A write that was under way fails after the RST, and Node lets go of the socket then: no end would come.
      if (this.fd < 0) this.release();
      return;
    }
    this.readSide = "rst";
    if (errno !== "ECONNRESET" && errno !== "EPIPE") this.owner.onLost(errno);
    else if (this.owner.onPeerRst(errno) && this.unreadBytes > 0) {
      // The error was taken off the socket: what is left reads as bytes, when the owner reads on, and then as an end,
      // which releases.
      return;
    }
    this.release();
  }
}

function onSocketData(this: SocketWithHandle, chunk: Buffer): void {
  this[itsConnection]?.onChunk(chunk);
}

function onSocketEnd(this: SocketWithHandle): void {
  this[itsConnection]?.onEnd();
}

function onSocketError(this: SocketWithHandle, error: Error): void {
  this[itsConnection]?.onError(errnoOf(error));
}

function endOf(host: string | undefined, port: number | undefined, unixPath: string | undefined): Address {
  if (unixPath !== undefined) return { kind: "unix", path: unixPath };
  return { kind: "tcp", host: normalizeHost(host ?? ""), port: port ?? 0 };
}
