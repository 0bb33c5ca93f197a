import { renameSync, unlinkSync } from "node:fs";
import type { Address } from "./address.js";
import { dropInbound } from "./black-hole.js";
import { isOneOfTheLast } from "./descriptors.js";
import { errnoName, KernelError } from "./errno.js";
import type { Ffi } from "./ffi.js";
import { AF_INET6, encodeSockaddr, familyOf } from "./sockaddr.js";
import { setInt } from "./socket-calls.js";

const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const F_DUPFD_CLOEXEC = 1030;
const SHUT_RD = 0;

/**
 * A bound socket that is ours from the bind to the end: whoever listens gets a duplicate of it, so that listening can
 * stop and begin again while nobody else can have the port.
 */
export class PortHolder {
  private listens = false;

  private constructor(
    private readonly ffi: Ffi,
    private fd: number,
    readonly address: Address,
  ) {}

  /** Binds. Port 0 takes a free one. @throws KernelError with the errno of the call that was refused. */
  static bind(ffi: Ffi, address: Address): PortHolder {
    if (address.kind === "unix") return new PortHolder(ffi, bound(ffi, address), address);
    if (address.port !== 0) return new PortHolder(ffi, bound(ffi, address), address);
    // A port that the kernel chose is let go when listening stops; one that was asked for stays. So ask for the one
    // that was chosen, while it is still held.
    const chooser = bound(ffi, address);
    try {
      const chosen = { ...address, port: portOf(ffi, chooser) };
      return new PortHolder(ffi, bound(ffi, chosen), chosen);
    } finally {
      ffi.close(chooser);
    }
  }

  /**
   * While it does not listen, SO_REUSEADDR would let others have the port: without it they get EADDRINUSE. While it
   * listens nobody gets the port anyway, and its connections inherit the option: without it they would keep it from
   * listening again as long as they live.
   */
  private setReuse(on: boolean): void {
    if (this.address.kind === "tcp") checked("setsockopt", setInt(this.fd, SOL_SOCKET, SO_REUSEADDR, on ? 1 : 0));
  }

  /** Another descriptor of the same socket, for whoever listens and closes it. */
  duplicate(): number {
    this.setReuse(true);
    this.listens = true;
    return descriptor(this.ffi, "fcntl", this.ffi.fcntl(this.fd, F_DUPFD_CLOEXEC, 0));
  }

  /** Lets the kernel complete connections, at most `backlog` + 1 of them while nobody accepts. */
  listen(backlog: number): void {
    this.setReuse(true);
    checked("listen", this.ffi.listen(this.fd, backlog));
    this.listens = true;
  }

  /** Connections accepted from now on are closed by RST, whoever closes them (SO_LINGER is inherited). */
  setLingerZero(on: boolean): void {
    const linger = Buffer.alloc(8);
    if (on) linger.writeInt32LE(1, 0);
    checked("setsockopt", this.ffi.setsockopt(this.fd, SOL_SOCKET, SO_LINGER, linger, linger.length));
  }

  /** The receive buffer of connections to come: their window is small from the SYN on (tcp(7)). */
  setReceiveBuffer(bytes: number): void {
    checked("setsockopt", setInt(this.fd, SOL_SOCKET, SO_RCVBUF, bytes));
  }

  /** Leaves SYNs unanswered, or answers them again. */
  dropSyns(drop: boolean): void {
    checked("setsockopt", dropInbound(this.fd, drop));
  }

  /**
   * Refuses: listening ends, the port is kept. In the same tick every other descriptor of it must be closed: a loop
   * that still polls it would spin. Connections that nobody accepted get RST. A socket that does not listen is left
   * alone: its read side would be shut, and all connections that it accepts later would inherit that, and read EOF.
   */
  stopListening(): void {
    if (this.listens) this.ffi.shutdown(this.fd, SHUT_RD);
    this.listens = false;
    this.setReuse(false);
  }

  /**
   * Refuses on a unix socket: it is closed and its file stays, at which connect(2) gives ECONNREFUSED and bind(2)
   * EADDRINUSE (a socket that was shut down can never listen again).
   */
  closeKeepingFile(): void {
    if (this.fd >= 0) this.ffi.close(this.fd);
    this.fd = -1;
  }

  /** Takes the place of the file that `closeKeepingFile` left, without a moment in which there is none. */
  rebindFile(): void {
    const { address } = this;
    if (address.kind !== "unix" || this.fd >= 0) return;
    // One byte shorter or as long as the path itself: it fits where that fits.
    const draft = `${address.path.slice(0, -1)}${address.path.endsWith("~") ? "-" : "~"}`;
    this.fd = bound(this.ffi, { kind: "unix", path: draft });
    // At once: a close that came between would leave the file behind.
    renameSync(draft, address.path);
  }

  /** Lets the port go. */
  close(): void {
    this.closeKeepingFile();
    if (this.address.kind !== "unix") return;
    try {
      // At once: removed later it could be the file of a listener that has the path by then.
      unlinkSync(this.address.path);
    } catch {
      // Gone already.
    }
  }
}

function bound(ffi: Ffi, address: Address): number {
  const fd = descriptor(ffi, "socket", ffi.socket(familyOf(address), SOCK_STREAM_NONBLOCK_CLOEXEC, 0));
  try {
    if (address.kind === "tcp") {
      checked("setsockopt", setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
      if (familyOf(address) === AF_INET6) {
        checked("setsockopt", setInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.host === "::" ? 0 : 1));
      }
    }
    const sockaddr = encodeSockaddr(address);
    checked("bind", ffi.bind(fd, sockaddr, sockaddr.length));
    return fd;
  } catch (error) {
    ffi.close(fd);
    throw error;
  }
}

function portOf(ffi: Ffi, fd: number): number {
  const address = Buffer.alloc(28);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(address.length);
  checked("getsockname", ffi.getsockname(fd, address, length));
  return address.readUInt16BE(2);
}

/** A new descriptor. @throws KernelError EMFILE also for one of the last. */
function descriptor(ffi: Ffi, call: string, rc: number): number {
  const fd = checked(call, rc);
  if (!isOneOfTheLast(fd, "fixture")) return fd;
  ffi.close(fd);
  throw new KernelError(call, "EMFILE");
}

function checked(call: string, rc: number): number {
  if (rc < 0) throw new KernelError(call, errnoName(-rc));
  return rc;
}
