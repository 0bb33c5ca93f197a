import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { connect, type LookupFunction, type NetConnectOpts } from "node:net";
import type { Address } from "./address.js";
import { Connection } from "./connection.js";
import { assertDescriptor, isOneOfTheLast } from "./descriptors.js";
import { errnoOf, KernelError } from "./errno.js";

/** Where to dial from and how long to try. */
export interface DialOptions {
  readonly localHost?: string | undefined;
  readonly localPort?: number | undefined;
  readonly timeoutMs: number;
  /** Throws for an IP address that a host name must not stand for. */
  readonly assertMayDial?: ((target: Address) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a target. The connection is paused and has no owner yet.
 *
 * @throws KernelError with the errno of connect(2) or bind(2), or of the look-up of a host name; errno `ETIMEDOUT`
 *   of the call `timeout` when it took too long; what `assertMayDial` threw; the signal's reason when aborted.
 */
export function dial(target: Address, options: DialOptions): Promise<Connection> {
  let refusal: unknown;
  const where: NetConnectOpts =
    target.kind === "unix"
      ? { path: target.path, allowHalfOpen: true }
      : {
          host: target.host,
          port: target.port,
          allowHalfOpen: true,
          noDelay: true,
          lookup: lookupAmong(
            (host) => {
              options.assertMayDial?.({ ...target, host });
              // Many look-ups may have been under way at once.
              assertDescriptor("socket");
            },
            (reason) => (refusal = reason),
          ),
          ...(options.localHost === undefined ? {} : { localAddress: options.localHost }),
          ...(options.localPort === undefined ? {} : { localPort: options.localPort }),
        };
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    assertDescriptor("socket");
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
    const onError = (error: Error) => fail(refusal ?? new KernelError("connect", errnoOf(error)));
    const timer = setTimeout(() => fail(new KernelError("timeout", "ETIMEDOUT")), options.timeoutMs);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () =>
      settle(() => {
        const connection = new Connection(socket, unixPathOf(target));
        if (!isOneOfTheLast(connection.fd, "fixture")) return resolve(connection);
        connection.abandon();
        reject(new KernelError("socket", "EMFILE"));
      }),
    );
  });
}

/**
 * The one look-up of a name: the connect gets the addresses that may be dialed and no other, and asks no second time,
 * when the answer could be another one.
 */
function lookupAmong(assertMayDial: (host: string) => void, onRefused: (reason: unknown) => void): LookupFunction {
  return (name: string, options: LookupOptions, done) => {
    lookup(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, "");
      let refusal: unknown;
      const allowed = found.filter(({ address }) => {
        try {
          assertMayDial(address);
          return true;
        } catch (reason) {
          refusal ??= reason;
          return false;
        }
      });
      const [first] = allowed;
      if (first === undefined) {
        onRefused(refusal);
        return done(new Error("not allowed"), "");
      }
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function unixPathOf(target: Address): string | undefined {
  return target.kind === "unix" ? target.path : undefined;
}
