import type { Address } from "../kernel/address.js";
import type { ListenState } from "../kernel/listen.js";
import { capabilities } from "./capabilities.js";
import { DomainError } from "./errors.js";
import type { Listener } from "./listener.js";

// Whether a listener can be what it is asked to be, on this machine and this kind of socket.

/** @throws DomainError where no RST can be had. */
export function assertResetOnAccept(name: string, address: Address): void {
  const { available, reason } = capabilities().reset;
  if (available && address.kind === "tcp") return;
  throw new DomainError(
    "FAILED_PRECONDITION",
    available ? "UNIX_SOCKET" : "FFI_UNAVAILABLE",
    `reset_on_accept: ${available ? "a unix socket knows no RST" : reason}; leave it out`,
    { field: "reset_on_accept", resource: { type: "listener", name } },
  );
}

/** @throws DomainError where the state cannot be had on this machine or this kind of socket. */
export function assertListenState(listener: Pick<Listener, "name" | "address">, state: ListenState | undefined): void {
  if (state === undefined || state === "LISTENING") return;
  const resource = { type: "listener", name: listener.name } as const;
  const { available, reason } = capabilities()[`listener_${state.toLowerCase() as Lowercase<typeof state>}`];
  if (!available) {
    throw new DomainError("FAILED_PRECONDITION", "FFI_UNAVAILABLE", `state ${state}: ${reason}; LISTENING can be had`, {
      field: "state",
      resource,
    });
  }
  if (state === "STALLED" && listener.address.kind === "unix") {
    throw new DomainError(
      "FAILED_PRECONDITION",
      "UNIX_SOCKET",
      "state STALLED is for TCP: a unix socket has no SYN to leave unanswered; QUEUEING with backlog 0 blocks connect",
      { field: "state", resource },
    );
  }
}
