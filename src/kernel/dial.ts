import { connect, type NetConnectOpts } from "node:net";
import type { Address } from "./address.js";
import { Connection } from "./connection.js";
import { errnoOf, KernelError } from "./errno.js";

/** Where to dial from and how long to try. */
export interface DialOptions {
  readonly localHost?: string | undefined;
  readonly localPort?: number | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a target. The connection is paused and has no owner yet.
 *
 * @throws KernelError with the errno of connect(2) or bind(2), or of the look-up of a host name; errno `ETIMEDOUT`
 *   of the call `timeout` when it took too long; the signal's reason when aborted.
 */
export function dial(target: Address, options: DialOptions): Promise<Connection> {
  const where: NetConnectOpts =
    target.kind === "unix"
      ? { path: target.path, allowHalfOpen: true }
      : {
          host: target.host,
          port: target.port,
          allowHalfOpen: true,
          noDelay: true,
          ...(options.localHost === undefined ? {} : { localAddress: options.localHost }),
          ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
        };
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const socket = connect(where);
    socket.pause(); // before it connects: else Node begins to read at once
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      finish();
    };
    const fail = (reason: unknown) =>
      settle(() => {
        socket.on("error", () => undefined); // whatever else it may say on its way out
        socket.destroy();
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      });
    const onAbort = () => fail(options.signal?.reason);
    const onError = (error: Error) => fail(new KernelError("connect", errnoOf(error)));
    const timer = setTimeout(() => fail(new KernelError("timeout", "ETIMEDOUT")), options.timeoutMs);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => settle(() => resolve(new Connection(socket, unixPathOf(target)))));
  });
}

function unixPathOf(target: Address): string | undefined {
  return target.kind === "unix" ? target.path : undefined;
}
