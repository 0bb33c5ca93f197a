import { constants } from "node:os";
import koffi from "koffi";

// The far end of thousands of connections at once: raw system calls on sockets that never block, and epoll(7) asked
// every millisecond. Not libuv, which reads data followed by RST as a clean EOF; and nothing of src/, whose mistakes it
// shall not repeat. `test/support/judge.ts` is the far end of a few, and can do more with each.

const libc = koffi.load(null);
const c = {
  socket: libc.func("int socket(int domain, int type, int protocol)"),
  bind: libc.func("int bind(int fd, const void *address, uint length)"),
  connect: libc.func("int connect(int fd, const void *address, uint length)"),
  listen: libc.func("int listen(int fd, int backlog)"),
  accept4: libc.func("int accept4(int fd, void *address, void *length, int flags)"),
  getsockname: libc.func("int getsockname(int fd, void *address, void *length)"),
  send: libc.func("long send(int fd, const void *data, size_t length, int flags)"),
  recv: libc.func("long recv(int fd, void *data, size_t length, int flags)"),
  shutdown: libc.func("int shutdown(int fd, int how)"),
  close: libc.func("int close(int fd)"),
  setsockopt: libc.func("int setsockopt(int fd, int level, int name, const void *value, uint length)"),
  getsockopt: libc.func("int getsockopt(int fd, int level, int name, void *value, void *length)"),
  epoll_create1: libc.func("int epoll_create1(int flags)"),
  epoll_ctl: libc.func("int epoll_ctl(int epoll, int how, int fd, const void *event)"),
  epoll_wait: libc.func("int epoll_wait(int epoll, void *events, int max, int timeoutMs)"),
};

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SHUT_WR = 1;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLRDHUP = 0x2000;
const EPOLLONESHOT = 1 << 30;
/** struct epoll_event is packed on x86-64 alone. */
const [eventSize, eventDataAt] = process.arch === "x64" ? [12, 4] : [16, 8];
const eventsAtOnce = 1024;
const pumpMs = 1;

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, number]) => [number, name]));
names.set(constants.errno.EAGAIN, "EAGAIN");

/** The errno of the call that has just failed, by its name. Right only with no other call between. */
function errno(): string {
  const number = koffi.errno();
  return names.get(number) ?? `errno ${number}`;
}

/** How a connection ended for the one who reads it. */
export interface ReadEnd {
  readonly bytes: number;
  /** `EOF` or the errno. */
  readonly end: string;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly deadline: number;
  readonly what: string;
}

/** All raw sockets of this process. */
export class RawSockets implements Disposable {
  private readonly epoll = c.epoll_create1(SOCK_CLOEXEC) as number;
  private readonly events = Buffer.alloc(eventsAtOnce * eventSize);
  private readonly event = Buffer.alloc(eventSize);
  private readonly known = new Set<number>();
  private readonly waiting = new Map<number, Waiting>();
  private timer: NodeJS.Timeout | undefined;
  private lastDeadlines = 0;

  /** Connects to 127.0.0.1. Throws with the errno when that fails. */
  async connect(port: number, deadlineMs = 30_000): Promise<RawSocket> {
    const fd = newSocket();
    try {
      if (c.connect(fd, sockaddr(port), 16) !== 0) {
        const why = errno();
        if (why !== "EINPROGRESS") throw new Error(`connect to port ${port}: ${why}`);
        await this.ready(fd, EPOLLOUT, deadlineMs, `connect to port ${port}`);
        const failed = soError(fd);
        if (failed !== undefined) throw new Error(`connect to port ${port}: ${failed}`);
      }
    } catch (error) {
      this.release(fd);
      throw error;
    }
    return new RawSocket(this, fd, ownPort(fd));
  }

  /** Listens on a free port of 127.0.0.1. */
  listen(): RawListener {
    const fd = newSocket();
    if (c.bind(fd, sockaddr(0), 16) !== 0) throw new Error(`bind: ${errno()}`);
    if (c.listen(fd, 4096) !== 0) throw new Error(`listen: ${errno()}`);
    return new RawListener(this, fd, ownPort(fd));
  }

  /** Resolves when poll(2) would name one of the events, or an error; rejects at the deadline. One at a time for a socket. */
  ready(fd: number, events: number, deadlineMs: number, what: string): Promise<void> {
    if (this.waiting.has(fd)) throw new Error(`${what}: descriptor ${fd} is waited for already`);
    this.event.writeUInt32LE((events | EPOLLONESHOT) >>> 0, 0);
    this.event.writeInt32LE(fd, eventDataAt);
    const how = this.known.has(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (c.epoll_ctl(this.epoll, how, fd, this.event) !== 0) throw new Error(`epoll_ctl: ${errno()}`);
    this.known.add(fd);
    return new Promise((resolve, reject) => {
      this.waiting.set(fd, { resolve, reject, deadline: performance.now() + deadlineMs, what });
      this.timer ??= setTimeout(() => this.pump(), pumpMs);
    });
  }

  /** Closes a descriptor; whoever waits for it fails. */
  release(fd: number): void {
    this.known.delete(fd);
    this.settle(fd, (waiting) => waiting.reject(new Error(`${waiting.what}: closed by ourselves`)));
    if (c.close(fd) !== 0) throw new Error(`close: ${errno()}`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
    c.close(this.epoll);
  }

  private pump(): void {
    this.timer = undefined;
    const count = c.epoll_wait(this.epoll, this.events, eventsAtOnce, 0) as number;
    for (let index = 0; index < count; index += 1) {
      this.settle(this.events.readInt32LE(index * eventSize + eventDataAt), ({ resolve }) => resolve());
    }
    const now = performance.now();
    if (now - this.lastDeadlines > 100) {
      this.lastDeadlines = now;
      for (const [fd, { deadline, what }] of this.waiting) {
        if (deadline < now) this.settle(fd, ({ reject }) => reject(new Error(`${what}: nothing came by the deadline`)));
      }
    }
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.pump(), pumpMs);
  }

  private settle(fd: number, how: (waiting: Waiting) => void): void {
    const waiting = this.waiting.get(fd);
    if (waiting === undefined) return;
    this.waiting.delete(fd);
    how(waiting);
  }
}

const scratch = Buffer.alloc(64 * 1024);

/** One end of a connection. */
export class RawSocket {
  private isOpen = true;
  /** Bytes read so far. */
  bytesRead = 0;

  constructor(
    private readonly all: RawSockets,
    private readonly fd: number,
    readonly localPort: number,
  ) {}

  /** send(2), once: the errno, or undefined when all was taken. */
  send(data: string): string | undefined {
    const bytes = Buffer.from(data);
    const sent = Number(c.send(this.fd, bytes, bytes.length, MSG_NOSIGNAL));
    if (sent < 0) return errno();
    return sent === bytes.length ? undefined : `only ${sent} of ${bytes.length} bytes`;
  }

  /** recv(2), once: the bytes, `EOF`, or the errno, EAGAIN when there is nothing. */
  receive(): number | string {
    const read = Number(c.recv(this.fd, scratch, scratch.length, 0));
    if (read < 0) return errno();
    this.bytesRead += read;
    return read === 0 ? "EOF" : read;
  }

  /** Reads until so many bytes have come, ever. Throws at an end before that, and at the deadline. */
  async readBytes(count: number, deadlineMs = 30_000): Promise<void> {
    while (this.bytesRead < count) {
      const read = this.receive();
      if (read === "EAGAIN") await this.readable(deadlineMs, `byte ${count}`);
      else if (typeof read === "string") throw new Error(`${read} after ${this.bytesRead} bytes in place of ${count}`);
    }
  }

  /** Reads so many bytes, as text. Throws at an end before that, and at the deadline. */
  async readText(count: number, deadlineMs = 30_000): Promise<string> {
    let text = "";
    while (text.length < count) {
      const read = this.receive();
      if (read === "EAGAIN") await this.readable(deadlineMs, `${count} bytes`);
      else if (typeof read === "string") throw new Error(`${read} after "${text}"`);
      else text += scratch.toString("latin1", 0, read);
    }
    return text;
  }

  /** Reads until there is nothing more to come. Throws at the deadline. */
  async readToEnd(deadlineMs = 30_000): Promise<ReadEnd> {
    for (;;) {
      const read = this.receive();
      if (read === "EAGAIN") await this.readable(deadlineMs, "the end");
      else if (typeof read === "string") return { bytes: this.bytesRead, end: read };
    }
  }

  /** shutdown(2) of our writing side: FIN. */
  shutdown(): void {
    if (c.shutdown(this.fd, SHUT_WR) !== 0) throw new Error(`shutdown: ${errno()}`);
  }

  /** FIN, or RST where something is unread; nothing when closed already. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.all.release(this.fd);
  }

  /** RST. */
  reset(): void {
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    if (c.setsockopt(this.fd, SOL_SOCKET, SO_LINGER, linger, 8) !== 0) throw new Error(`SO_LINGER: ${errno()}`);
    this.close();
  }

  private readable(deadlineMs: number, what: string): Promise<void> {
    return this.all.ready(this.fd, EPOLLIN | EPOLLRDHUP, deadlineMs, `port ${this.localPort} waits for ${what}`);
  }
}

/** A listening socket. */
export class RawListener {
  constructor(
    private readonly all: RawSockets,
    private readonly fd: number,
    readonly port: number,
  ) {}

  async accept(deadlineMs = 30_000): Promise<RawSocket> {
    for (;;) {
      const fd = c.accept4(this.fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC) as number;
      if (fd >= 0) return new RawSocket(this.all, fd, this.port);
      const why = errno();
      if (why !== "EAGAIN") throw new Error(`accept: ${why}`);
      await this.all.ready(this.fd, EPOLLIN, deadlineMs, `a connection to port ${this.port}`);
    }
  }

  close(): void {
    this.all.release(this.fd);
  }
}

function newSocket(): number {
  const fd = c.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) as number;
  if (fd < 0) throw new Error(`socket: ${errno()}`);
  return fd;
}

/** struct sockaddr_in of 127.0.0.1. */
function sockaddr(port: number): Buffer {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function ownPort(fd: number): number {
  const address = Buffer.alloc(16);
  const length = Buffer.from([16, 0, 0, 0]);
  if (c.getsockname(fd, address, length) !== 0) throw new Error(`getsockname: ${errno()}`);
  return address.readUInt16BE(2);
}

function soError(fd: number): string | undefined {
  const value = Buffer.alloc(4);
  const length = Buffer.from([4, 0, 0, 0]);
  if (c.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length) !== 0) throw new Error(`SO_ERROR: ${errno()}`);
  const number = value.readInt32LE(0);
  return number === 0 ? undefined : (names.get(number) ?? `errno ${number}`);
}
