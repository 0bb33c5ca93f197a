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
  close(fd: number): number;
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
  const call = (prototype: string): ((...args: unknown[]) => number) => {
    const native = libc.func(prototype);
    return (...args) => {
      const rc = native(...args) as number;
      return rc < 0 ? -koffi.errno() : rc;
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
    close: call("int close(int fd)"),
  };
}
