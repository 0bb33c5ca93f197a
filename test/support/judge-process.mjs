// @ts-check
// The far end of every test of an ending. It makes blocking system calls and reports what each returned,
// because libuv cannot be asked: it reads data followed by RST as a clean EOF, and swallows the error.
// Nothing here comes from src/: a mistake in the product's own numbers must not be repeated by its judge.
//
// One JSON command a line on stdin, one JSON reply a line on stdout, in order. Ends when stdin does.
import { createHash } from "node:crypto";
import { readSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { constants } from "node:os";
import koffi from "koffi";

if (process.platform !== "linux") throw new Error("the judge knows only the numbers of Linux");

/** @typedef {{ rc: number, errno?: string }} Outcome */
/** @typedef {Record<string, unknown>} Reply */
/**
 * Every field of every command; each function below names those it reads.
 * @typedef {object} Command
 * @property {number} [id] echoed in the reply
 * @property {string} command
 * @property {unknown} [handle] in a batch, '$0' is the handle that command 0 of the batch replied
 * @property {string} [host] numeric
 * @property {number} [port]
 * @property {string} [path]
 * @property {number} [backlog]
 * @property {string} [localAddress]
 * @property {number} [localPort]
 * @property {number} [rcvbuf]
 * @property {number} [sndbuf]
 * @property {number} [userTimeoutMs]
 * @property {boolean} [nonBlocking]
 * @property {number} [deadlineMs]
 * @property {string} [data] base64
 * @property {string} [text]
 * @property {number} [size]
 * @property {string[]} [flags]
 * @property {number} [max]
 * @property {string[]} [events]
 * @property {string} [how]
 * @property {boolean} [linger0]
 * @property {string} [name]
 * @property {number} [value]
 * @property {number} [chunk]
 * @property {number} [totalBytes]
 * @property {Command[]} [commands]
 */

const libc = koffi.load(null);

let lastErrno = 0;

/**
 * errno is read where the call returns, before any other function is entered: V8 may answer an interrupt at a
 * function's entry (collect garbage, install code), and the system calls of that would overwrite errno. It is cleared
 * first, so that a stale one shows.
 * @param {string} prototype
 * @returns {(...args: any[]) => any}
 */
function libcCall(prototype) {
  const native = libc.func(prototype);
  const { errno } = koffi;
  return (...args) => {
    errno(0);
    const rc = native(...args);
    if (rc < 0) lastErrno = errno();
    return rc;
  };
}

const c = {
  socket: libcCall("int socket(int domain, int type, int protocol)"),
  bind: libcCall("int bind(int fd, const void *address, uint length)"),
  connect: libcCall("int connect(int fd, const void *address, uint length)"),
  listen: libcCall("int listen(int fd, int backlog)"),
  accept4: libcCall("int accept4(int fd, void *address, void *length, int flags)"),
  getsockname: libcCall("int getsockname(int fd, void *address, void *length)"),
  send: libcCall("long send(int fd, const void *data, size_t length, int flags)"),
  recv: libcCall("long recv(int fd, void *data, size_t length, int flags)"),
  shutdown: libcCall("int shutdown(int fd, int how)"),
  close: libcCall("int close(int fd)"),
  poll: libcCall("int poll(void *fds, ulong count, int timeoutMs)"),
  setsockopt: libcCall("int setsockopt(int fd, int level, int name, const void *value, uint length)"),
  getsockopt: libcCall("int getsockopt(int fd, int level, int name, void *value, void *length)"),
  ioctl: libcCall("int ioctl(int fd, ulong request, ...)"),
  inet_pton: libcCall("int inet_pton(int family, const char *text, void *address)"),
  inet_ntop: libcCall("void *inet_ntop(int family, const void *address, void *text, uint size)"),
};

const AF_UNIX = 1,
  AF_INET = 2,
  AF_INET6 = 10;
const SOCK_STREAM = 1,
  SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1,
  IPPROTO_TCP = 6;
const SO_REUSEADDR = 2,
  SO_ERROR = 4,
  SO_SNDBUF = 7,
  SO_RCVBUF = 8,
  SO_LINGER = 13,
  SO_SNDTIMEO = 21;
const TCP_NODELAY = 1,
  TCP_INFO = 11,
  TCP_QUICKACK = 12,
  TCP_USER_TIMEOUT = 18;
const MSG_OOB = 0x1,
  MSG_PEEK = 0x2,
  MSG_DONTWAIT = 0x40,
  MSG_NOSIGNAL = 0x4000,
  MSG_MORE = 0x8000;
const POLLIN = 0x1,
  POLLPRI = 0x2,
  POLLOUT = 0x4,
  POLLERR = 0x8,
  POLLHUP = 0x10,
  POLLNVAL = 0x20,
  POLLRDHUP = 0x2000;
const FIONREAD = 0x541b,
  FIONBIO = 0x5421;

const pollBits = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP };
const messageFlags = { MSG_OOB, MSG_PEEK, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE };
const shutdownHow = { RD: 0, WR: 1, RDWR: 2 };
const socketOptions = {
  SO_RCVBUF: [SOL_SOCKET, SO_RCVBUF],
  SO_SNDBUF: [SOL_SOCKET, SO_SNDBUF],
  TCP_NODELAY: [IPPROTO_TCP, TCP_NODELAY],
  TCP_QUICKACK: [IPPROTO_TCP, TCP_QUICKACK],
  TCP_USER_TIMEOUT: [IPPROTO_TCP, TCP_USER_TIMEOUT],
};
// The kernel's numbering of TCP_INFO.tcpi_state, which starts at 1.
const tcpStates = [
  "",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
  "NEW_SYN_RECV",
];

const DEFAULT_DEADLINE_MS = 5000;
const RECV_ALL_KEEPS_BYTES = 64 * 1024;
// Never to be confused with the kernel's own ETIMEDOUT, which is a verdict on the connection.
const PAST_DEADLINE = { rc: -1, errno: "ETIMEDOUT_JUDGE" };

/** @type {Map<number, string>} */
const errnoNames = new Map();
for (const [name, number] of Object.entries(constants.errno)) errnoNames.set(number, name);
// Two numbers have two names each (EWOULDBLOCK, ENOTSUP); the replies use the name that POSIX gives for sockets.
errnoNames.set(constants.errno.EAGAIN, "EAGAIN").set(constants.errno.EOPNOTSUPP, "EOPNOTSUPP");

/** @param {number} number */
const errnoName = (number) => errnoNames.get(number) ?? `errno ${number}`;

/**
 * To be wrapped straight around the call: the next one overwrites the errno.
 * @param {number} rc
 * @returns {Outcome}
 */
const outcome = (rc) => (rc < 0 ? { rc, errno: errnoName(lastErrno) } : { rc });

// The first reading of errno binds symbols and compiles code: here, and not where an ending is judged.
if (outcome(c.close(-1)).errno !== "EBADF") throw new Error("the judge reads errno wrong");

/** A step on the way to the answer failed; the reply names the call. */
class CallFailed extends Error {
  /** @param {string} call @param {Outcome} result */
  constructor(call, result) {
    super(`${call}: ${result.errno}`);
    this.reply = { ...result, call };
  }
}

/** @param {string} call @param {Outcome} result */
function must(call, result) {
  if (result.rc < 0) throw new CallFailed(call, result);
  return result.rc;
}

/**
 * @param {Record<string, number>} table
 * @param {string[]} names
 */
function bits(table, names) {
  return names.reduce((sum, name) => sum | known(table, name), 0);
}

/**
 * @template T
 * @param {Record<string, T>} table
 * @param {string | undefined} name
 */
function known(table, name) {
  // Not what the table inherits, such as toString.
  const value = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined) throw new Error(`unknown name ${name}, known are ${Object.keys(table).join(", ")}`);
  return value;
}

/** The file descriptor of each handle. @type {Map<unknown, number>} */
const sockets = new Map();
let lastHandle = 0;

/** @param {number} fd */
function keep(fd) {
  sockets.set(++lastHandle, fd);
  return lastHandle;
}

/** @param {Command} command */
function fdOf({ handle }) {
  const fd = sockets.get(handle);
  if (fd === undefined) throw new Error(`no handle ${JSON.stringify(handle)}`);
  return fd;
}

/** @param {number} value */
const int = (value) => Buffer.from(Int32Array.of(value).buffer);

/** @param {number} [ms] */
function deadline(ms = DEFAULT_DEADLINE_MS) {
  const at = performance.now() + ms;
  return () => Math.max(0, Math.ceil(at - performance.now()));
}

/**
 * poll(2) on one socket; 0 when the deadline passed.
 * @param {number} fd
 * @param {number} events
 * @param {() => number} remainingMs
 * @returns {number} revents
 */
function pollOne(fd, events, remainingMs) {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(events, 4);
  for (;;) {
    const result = outcome(c.poll(entry, 1, remainingMs()));
    if (result.errno === "EINTR") continue;
    must("poll", result);
    return entry.readUInt16LE(6);
  }
}

/**
 * @param {number} fd
 * @param {string | undefined} name
 * @param {number} [value]
 */
function setOption(fd, name, value) {
  if (value === undefined) throw new Error("no value");
  const [level, option] = known(socketOptions, name);
  return outcome(c.setsockopt(fd, level, option, int(value), 4));
}

/** @param {number} fd */
function takeSoError(fd) {
  const value = int(0);
  must("getsockopt", outcome(c.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, int(4))));
  return value.readInt32LE(0);
}

/**
 * The deadline of a call that blocks in connect(2) or send(2), kept by the kernel: a poll first would make it
 * another call, and one that a reset can end differently.
 * @param {number} fd
 * @param {number} ms
 */
function setSendTimeout(fd, ms) {
  // A zero timeval means no timeout at all.
  const micros = Math.max(1, Math.round(ms * 1000));
  const timeval = BigInt64Array.of(BigInt(Math.floor(micros / 1e6)), BigInt(micros % 1e6));
  must("setsockopt", outcome(c.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, Buffer.from(timeval.buffer), 16)));
}

/** @param {number} fd @param {boolean} on */
function setNonBlocking(fd, on) {
  must("ioctl", outcome(c.ioctl(fd, FIONBIO, "void *", int(on ? 1 : 0))));
}

/**
 * @param {Pick<Command, 'host' | 'port' | 'path'>} address host and port, or path
 * @returns {{ family: number, bytes: Buffer }}
 */
function sockaddr({ host = "", port = 0, path }) {
  if (path !== undefined) {
    const name = Buffer.from(path);
    if (name.length > 107) throw new Error(`path of ${name.length} bytes, sun_path holds 107`);
    // An abstract name (first byte 0) is counted, not terminated.
    const bytes = Buffer.alloc(2 + name.length + (name[0] === 0 ? 0 : 1));
    bytes.writeUInt16LE(AF_UNIX, 0);
    name.copy(bytes, 2);
    return { family: AF_UNIX, bytes };
  }
  const version = isIP(host);
  if (version === 0) throw new Error(`host must be a numeric address, not ${JSON.stringify(host)}`);
  const family = version === 6 ? AF_INET6 : AF_INET;
  const bytes = Buffer.alloc(version === 6 ? 28 : 16);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(port, 2);
  if (c.inet_pton(family, host, bytes.subarray(version === 6 ? 8 : 4)) !== 1) throw new Error(`bad host ${host}`);
  return { family, bytes };
}

/**
 * @param {Buffer} bytes
 * @returns {{ address: string, port: number } | undefined} nothing for AF_UNIX
 */
function fromSockaddr(bytes) {
  const family = bytes.readUInt16LE(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const text = Buffer.alloc(64);
  c.inet_ntop(family, bytes.subarray(family === AF_INET6 ? 8 : 4), text, text.length);
  return { address: text.toString("latin1", 0, text.indexOf(0)), port: bytes.readUInt16BE(2) };
}

/** @param {number} fd */
function localName(fd) {
  const bytes = Buffer.alloc(128);
  must("getsockname", outcome(c.getsockname(fd, bytes, int(bytes.length))));
  const name = fromSockaddr(bytes);
  return name ? { localAddress: name.address, localPort: name.port } : {};
}

/**
 * A new socket that does not leak when a later step fails.
 * @template T
 * @param {number} family
 * @param {(fd: number) => T} use
 */
function withSocket(family, use) {
  const fd = must("socket", outcome(c.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  try {
    return use(fd);
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/**
 * @param {number} fd
 * @param {Buffer} address
 * @param {number} [deadlineMs]
 */
function connectBlocking(fd, address, deadlineMs = DEFAULT_DEADLINE_MS) {
  setSendTimeout(fd, deadlineMs);
  const result = outcome(c.connect(fd, address, address.length));
  // How a blocking connect says that SO_SNDTIMEO passed: EINPROGRESS for TCP, EAGAIN for AF_UNIX.
  const late = result.errno === "EINPROGRESS" || result.errno === "EAGAIN";
  must("connect", late ? PAST_DEADLINE : result);
}

/**
 * @param {number} fd
 * @param {Buffer} address
 * @param {number} [deadlineMs]
 */
function connectNonBlocking(fd, address, deadlineMs) {
  setNonBlocking(fd, true);
  const result = outcome(c.connect(fd, address, address.length));
  if (result.errno !== "EINPROGRESS") must("connect", result);
  if (pollOne(fd, POLLOUT, deadline(deadlineMs)) === 0) throw new CallFailed("poll", PAST_DEADLINE);
  const error = takeSoError(fd);
  if (error !== 0) throw new CallFailed("so_error", { rc: -1, errno: errnoName(error) });
  // Only the connect was asked to be non-blocking.
  setNonBlocking(fd, false);
}

/** @param {Command} command */
function connect(command) {
  const { localAddress, localPort = 0, rcvbuf, sndbuf, userTimeoutMs, nonBlocking, deadlineMs } = command;
  const { family, bytes } = sockaddr(command);
  return withSocket(family, (fd) => {
    // Before the handshake, as the buffers decide the first window and its scale.
    if (rcvbuf !== undefined) must("setsockopt", setOption(fd, "SO_RCVBUF", rcvbuf));
    if (sndbuf !== undefined) must("setsockopt", setOption(fd, "SO_SNDBUF", sndbuf));
    if (userTimeoutMs !== undefined) must("setsockopt", setOption(fd, "TCP_USER_TIMEOUT", userTimeoutMs));
    if (localAddress !== undefined || localPort !== 0) {
      const any = family === AF_INET6 ? "::" : "0.0.0.0";
      const local = sockaddr({ host: localAddress ?? any, port: localPort }).bytes;
      must("setsockopt", outcome(c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1), 4)));
      must("bind", outcome(c.bind(fd, local, local.length)));
    }
    (nonBlocking ? connectNonBlocking : connectBlocking)(fd, bytes, deadlineMs);
    const name = localName(fd);
    return { rc: 0, handle: keep(fd), ...name };
  });
}

/** @param {Command} command */
function listen(command) {
  const { family, bytes } = sockaddr(command);
  return withSocket(family, (fd) => {
    must("setsockopt", outcome(c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, int(1), 4)));
    must("bind", outcome(c.bind(fd, bytes, bytes.length)));
    must("listen", outcome(c.listen(fd, command.backlog ?? 128)));
    const { localAddress: address, localPort: port } = localName(fd);
    return { rc: 0, handle: keep(fd), address, port };
  });
}

/** @param {Command} command */
function accept(command) {
  const fd = fdOf(command);
  if (pollOne(fd, POLLIN, deadline(command.deadlineMs)) === 0) throw new CallFailed("poll", PAST_DEADLINE);
  const remote = Buffer.alloc(128);
  const accepted = must("accept4", outcome(c.accept4(fd, remote, int(remote.length), SOCK_CLOEXEC)));
  const name = fromSockaddr(remote);
  const handle = keep(accepted);
  return { rc: 0, handle, ...localName(accepted), remoteAddress: name?.address, remotePort: name?.port };
}

/** @param {Command} command */
function payload({ data, text, size }) {
  if (data !== undefined) return Buffer.from(data, "base64");
  if (text !== undefined) return Buffer.from(text);
  if (size !== undefined) return Buffer.alloc(size, "a");
  throw new Error("nothing to send: give data, text or size");
}

/**
 * @param {number} fd
 * @param {Buffer} data
 * @param {number} flags
 * @param {number} deadlineMs
 */
function sendOnce(fd, data, flags, deadlineMs) {
  setSendTimeout(fd, deadlineMs);
  const result = outcome(c.send(fd, data, data.length, flags | MSG_NOSIGNAL));
  // A blocking send meets EAGAIN only when SO_SNDTIMEO passed.
  return result.errno === "EAGAIN" && !(flags & MSG_DONTWAIT) ? PAST_DEADLINE : result;
}

/** @param {Command} command */
function send(command) {
  const { flags = [], deadlineMs = DEFAULT_DEADLINE_MS } = command;
  return sendOnce(fdOf(command), payload(command), bits(messageFlags, flags), deadlineMs);
}

/** @param {Command} command */
function sendAll(command) {
  const fd = fdOf(command);
  const data = payload(command);
  const flags = bits(messageFlags, command.flags ?? []);
  const remainingMs = deadline(command.deadlineMs);
  let sent = 0;
  while (sent < data.length) {
    const { rc, errno } = sendOnce(fd, data.subarray(sent), flags, remainingMs());
    if (rc < 0) return { sent, errno };
    sent += rc;
  }
  return { sent };
}

/**
 * Readiness first, then one recv(2) that must not block: what poll promised is there, or the reply says EAGAIN.
 * @param {number} fd
 * @param {Buffer} into
 * @param {number} flags
 * @param {() => number} remainingMs
 * @returns {Outcome & { end?: string }}
 */
function recvOnce(fd, into, flags, remainingMs) {
  const events = flags & MSG_OOB ? POLLPRI : POLLIN;
  const result =
    pollOne(fd, events, remainingMs) === 0
      ? PAST_DEADLINE
      : outcome(c.recv(fd, into, into.length, flags | MSG_DONTWAIT));
  return withEnd(result);
}

/**
 * @param {Outcome} result of recv(2) into a buffer that was not empty
 * @returns {Outcome & { end?: string }}
 */
const withEnd = (result) => (result.rc > 0 ? result : { ...result, end: result.errno ?? "EOF" });

/** @param {Command} command */
function recv(command) {
  const into = Buffer.alloc(command.max ?? 65536);
  const flags = bits(messageFlags, command.flags ?? []);
  const result = recvOnce(fdOf(command), into, flags, deadline(command.deadlineMs));
  return { ...result, data: into.toString("base64", 0, Math.max(0, result.rc)) };
}

/** @param {Command} command */
function recvAll(command) {
  const fd = fdOf(command);
  const { max = Infinity } = command;
  const remainingMs = deadline(command.deadlineMs);
  const into = Buffer.alloc(65536);
  const hash = createHash("sha256");
  const head = Buffer.alloc(RECV_ALL_KEEPS_BYTES);
  let bytes = 0;
  let end = "MAX";
  while (bytes < max) {
    const room = into.subarray(0, Math.min(into.length, max - bytes));
    const result = recvOnce(fd, room, 0, remainingMs);
    if (result.end !== undefined) {
      end = result.end;
      break;
    }
    const part = room.subarray(0, result.rc);
    if (bytes < head.length) part.copy(head, bytes);
    hash.update(part);
    bytes += result.rc;
  }
  const data = head.toString("base64", 0, Math.min(bytes, head.length));
  return { bytes, data, sha256: hash.digest("hex"), end };
}

/** @param {Command} command */
function poll(command) {
  const events = command.events ?? ["POLLIN", "POLLPRI", "POLLOUT", "POLLRDHUP"];
  const revents = pollOne(fdOf(command), bits(pollBits, events), deadline(command.deadlineMs));
  return {
    events: Object.entries(pollBits)
      .filter(([, bit]) => revents & bit)
      .map(([name]) => name),
  };
}

/** @param {Command} command */
function close(command) {
  const fd = fdOf(command);
  // struct linger { on, 0 seconds }: close(2) then sends RST in place of FIN.
  const linger = Buffer.concat([int(1), int(0)]);
  if (command.linger0) must("setsockopt", outcome(c.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, linger.length)));
  sockets.delete(command.handle);
  return outcome(c.close(fd));
}

/** @param {Command} command */
function sioInq(command) {
  const bytes = int(0);
  must("ioctl", outcome(c.ioctl(fdOf(command), FIONREAD, "void *", bytes)));
  return { rc: 0, bytes: bytes.readInt32LE(0) };
}

/** @param {Command} command */
function tcpState(command) {
  const info = Buffer.alloc(256);
  must("getsockopt", outcome(c.getsockopt(fdOf(command), IPPROTO_TCP, TCP_INFO, info, int(info.length))));
  return { rc: 0, state: tcpStates[info.readUInt8(0)] ?? `state ${info.readUInt8(0)}` };
}

/**
 * A peer busy in both directions: send and recv in turn until one of them meets the end. The kernel tells of a
 * reset once, to whichever call comes first, so one more recv and one more send follow to show what is left.
 * After `totalBytes` sent it only receives, and then recv is sure to be the one that is told.
 * @param {Command} command
 */
function echoUntilError(command) {
  const fd = fdOf(command);
  const { chunk = 1024, totalBytes = Infinity } = command;
  const remainingMs = deadline(command.deadlineMs);
  const into = Buffer.alloc(65536);
  const out = Buffer.alloc(chunk, "a");
  /** @type {{ call: string, rc: number, end?: string }[]} */
  const events = [];
  let sent = 0;
  let received = 0;

  /** @returns {{ call: string, rc: number, end?: string }} */
  function sendNow(size = out.length) {
    const { rc, errno } = outcome(c.send(fd, out, size, MSG_DONTWAIT | MSG_NOSIGNAL));
    if (rc > 0) sent += rc;
    return errno === undefined ? { call: "send", rc } : { call: "send", rc, end: errno };
  }
  /** @returns {{ call: string, rc: number, end?: string }} */
  function recvNow() {
    const { rc, end } = withEnd(outcome(c.recv(fd, into, into.length, MSG_DONTWAIT)));
    if (rc > 0) received += rc;
    return end === undefined ? { call: "recv", rc } : { call: "recv", rc, end };
  }
  /** @param {{ call: string, rc: number, end?: string }} event */
  function isEnd(event) {
    if (event.end === undefined || event.end === "EAGAIN") return false;
    events.push(event, recvNow(), sendNow());
    return true;
  }

  for (;;) {
    const isSending = sent < totalBytes;
    const ready = pollOne(fd, isSending ? POLLIN | POLLOUT : POLLIN, remainingMs);
    if (ready === 0) return { sent, received, events, errno: PAST_DEADLINE.errno };
    const isBroken = ready & (POLLERR | POLLHUP);
    if (isSending && ready & POLLOUT && isEnd(sendNow(Math.min(chunk, totalBytes - sent)))) break;
    if ((ready & POLLIN || isBroken) && isEnd(recvNow())) break;
    // POLLOUT is nearly always set, so poll alone would never see the deadline.
    if (remainingMs() === 0) return { sent, received, events, errno: PAST_DEADLINE.errno };
  }
  return { sent, received, events };
}

/** @param {Command} command */
function batch({ commands = [] }) {
  /** @type {Reply[]} */
  const replies = [];
  for (const command of commands) {
    const reference = /^\$(\d+)$/.exec(String(command.handle));
    const handle = reference ? replies[Number(reference[1])]?.["handle"] : command.handle;
    replies.push(answer({ ...command, handle }));
  }
  return { replies };
}

/** @type {Record<string, (command: Command) => Reply>} */
const commands = {
  connect,
  listen,
  accept,
  send,
  sendAll,
  recv,
  recvAll,
  poll,
  close,
  sioInq,
  tcpState,
  echoUntilError,
  batch,
  soError: (command) => {
    const error = takeSoError(fdOf(command));
    return error === 0 ? { rc: 0 } : { rc: 0, errno: errnoName(error) };
  },
  shutdown: (command) => outcome(c.shutdown(fdOf(command), known(shutdownHow, command.how))),
  setsockopt: (command) => setOption(fdOf(command), command.name, command.value),
};

/**
 * @param {Command} command
 * @returns {Reply}
 */
function answer(command) {
  try {
    return known(commands, command.command)(command);
  } catch (error) {
    if (error instanceof CallFailed) return error.reply;
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** @param {string} line */
function answerLine(line) {
  /** @type {Command | null} */
  let command;
  try {
    command = JSON.parse(line);
  } catch {
    return { error: `not JSON: ${line.slice(0, 200)}` };
  }
  if (typeof command !== "object" || command === null) return { error: "not a command" };
  return { id: command.id, ...answer(command) };
}

const chunk = Buffer.alloc(65536);
let unread = Buffer.alloc(0);
for (;;) {
  const length = readSync(0, chunk);
  if (length === 0) break;
  unread = Buffer.concat([unread, chunk.subarray(0, length)]);
  for (let newline = unread.indexOf(10); newline >= 0; newline = unread.indexOf(10)) {
    const line = unread.toString("utf8", 0, newline);
    unread = unread.subarray(newline + 1);
    if (line.trim() !== "") writeFileSync(1, `${JSON.stringify(answerLine(line))}\n`);
  }
}
