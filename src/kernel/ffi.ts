import { createRequire } from "node:module";
import type Koffi from "koffi";

/**
 * The system calls that Node does not offer. Each returns what the call returned, or minus the errno: errno is
 * right only if it is read at once, so it is read here and nowhere else.
 */
export interface Ffi {
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  shutdown(fd: number, how: number): number;
  ioctl(fd: number, request: number, value: Buffer): number;
  poll(entries: Buffer, count: number, timeoutMs: number): number;
  socket(domain: number, type: number, protocol: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, data: Buffer, length: number, flags: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  listen(fd: number, backlog: number): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  fcntl(fd: number, command: number, argument: number): number;
  close(fd: number): number;
  /** recvmmsg(2) without its timeout. */
  recvmmsg(fd: number, messages: Buffer, count: number, flags: number): number;
  prctl(option: number, argument: number): number;
  /** Where a buffer's bytes lie, for a structure that points at them. The buffer must outlive the structure. */
  addressOf(buffer: Buffer): bigint;
}

/** Whether system calls can be made, and why not. */
export type FfiLoad =
  | { readonly available: true; readonly ffi: Ffi }
  | { readonly available: false; readonly reason: string };

let loaded: FfiLoad | undefined;

/** Loads the FFI on its first use (about 10 ms). `HANGUP_FFI=off` in the environment does without. */
export function loadFfi(): FfiLoad {
  loaded ??= load();
  return loaded;
}

function load(): FfiLoad {
  if (process.env["HANGUP_FFI"] === "off") {
    return { available: false, reason: "the FFI is switched off (HANGUP_FFI=off)" };
  }
  if (process.platform !== "linux") {
    return { available: false, reason: `the system calls are known for linux only, this is ${process.platform}` };
  }
  try {
    return { available: true, ffi: bind() };
  } catch (error) {
    return { available: false, reason: `the FFI could not be loaded: ${String(error)}` };
  }
}

function bind(): Ffi {
  const koffi = createRequire(__filename)("koffi") as typeof Koffi;
  const libc = koffi.load(null);
  const { errno } = koffi;
  // errno is read before any other function of ours is entered: at an entry V8 may answer an interrupt (collect
  // garbage, install code), and the system calls of that would overwrite errno.
  // `last`: the arguments after those of the caller.
  const call = (prototype: string, ...last: unknown[]): ((...args: unknown[]) => number) => {
    const native = libc.func(prototype);
    return (...args) => {
      const rc = native(...args, ...last) as number;
      return rc < 0 ? -errno() : rc;
    };
  };
  return {
    getsockopt: call("int getsockopt(int fd, int level, int option, void *value, void *length)"),
    setsockopt: call("int setsockopt(int fd, int level, int option, void *value, uint32_t length)"),
    shutdown: call("int shutdown(int fd, int how)"),
    ioctl: call("int ioctl(int fd, unsigned long request, void *value)"),
    poll: call("int poll(void *entries, unsigned long count, int timeout)"),
    socket: call("int socket(int domain, int type, int protocol)"),
    send: call("int64_t send(int fd, void *data, size_t length, int flags)"),
    recv: call("int64_t recv(int fd, void *data, size_t length, int flags)"),
    bind: call("int bind(int fd, void *address, uint32_t length)"),
    listen: call("int listen(int fd, int backlog)"),
    getsockname: call("int getsockname(int fd, void *address, void *length)"),
    fcntl: call("int fcntl(int fd, int command, int argument)"),
    close: call("int close(int fd)"),
    recvmmsg: call("int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)", null),
    prctl: call("int prctl(int option, unsigned long argument, unsigned long, unsigned long, unsigned long)", 0, 0, 0),
    addressOf: (buffer) => koffi.address(buffer),
  };
}
