import koffi from "koffi";
import { encodeSockaddr } from "../../src/kernel/sockaddr.js";

/**
 * A connection made from this very process within one turn of its event loop, so that nothing here can have accepted it
 * yet: socket(2), bind(2) and connect(2) that block.
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
  return { [Symbol.dispose]: () => void call("int close(int fd)", fd) };
}
