import koffi from "koffi";
import { encodeSockaddr } from "../../src/kernel/sockaddr.js";

const SOL_SOCKET = 1;
const SO_LINGER = 13;

/**
 * A connection made from this very process within one turn of its event loop, so that nothing here can have accepted it
 * yet: socket(2), bind(2) and connect(2) that block. Disposed of, it sends RST.
 */
export function connectBlocking(from: { host: string; port: number }, to: { host: string; port: number }): Disposable {
  const libc = koffi.load(null);
  const call = (prototype: string, ...args: unknown[]): number => {
    const rc = libc.func(prototype)(...args) as number;
    if (rc < 0) throw new Error(`${prototype}: errno ${koffi.errno()}`);
    return rc;
  };
  const fd = call("int socket(int domain, int type, int protocol)", 2, 1, 0);
  for (const [name, { host, port }] of [
    ["bind", from],
    ["connect", to],
  ] as const) {
    const address = encodeSockaddr({ kind: "tcp", host, port });
    call(`int ${name}(int fd, const void *address, uint length)`, fd, address, address.length);
  }
  const linger0 = Buffer.from(Int32Array.of(1, 0).buffer);
  call(
    "int setsockopt(int fd, int level, int name, const void *value, uint length)",
    fd,
    SOL_SOCKET,
    SO_LINGER,
    linger0,
    8,
  );
  return { [Symbol.dispose]: () => void call("int close(int fd)", fd) };
}
