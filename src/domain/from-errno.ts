import { type Address, formatAddress } from "../kernel/address.js";
import type { KernelError } from "../kernel/errno.js";
import { DomainError } from "./errors.js";

// The one place where an errno becomes an error that a caller can meet.

/** Why an address could not be listened on. */
export function bindError(address: Address, error: KernelError): DomainError {
  const where = formatAddress(address);
  const metadata = { errno: error.errno };
  const field = address.kind === "unix" ? "unix_path" : "port";
  switch (error.errno) {
    case "EMFILE":
    case "ENFILE":
      return outOfDescriptors(error.errno);
    case "EADDRINUSE":
      return new DomainError(
        "FAILED_PRECONDITION",
        "PORT_IN_USE",
        `${where} is in use (EADDRINUSE); use port 0 and read the port from the reply, or free it`,
        { field, metadata },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new DomainError(
        error.errno === "ENOTFOUND" ? "INVALID_ARGUMENT" : "FAILED_PRECONDITION",
        "ADDRESS_NOT_AVAILABLE",
        `${where} is no address of this machine (${error.errno}); use 127.0.0.1 or ::1`,
        { field: "host", metadata },
      );
    case "EACCES":
      return new DomainError(
        "FAILED_PRECONDITION",
        "PERMISSION_DENIED_BY_KERNEL",
        `the kernel forbids to bind ${where} (EACCES); use a port above 1023, or a path that may be written`,
        { field, metadata },
      );
    default:
      return new DomainError("FAILED_PRECONDITION", "BIND_FAILED", `${where} cannot be bound (${error.errno})`, {
        field,
        metadata,
      });
  }
}

/** Why a target could not be dialed. */
export function dialError(
  options: { readonly target: Address; readonly timeoutMs: number; readonly localHost?: string | undefined },
  error: KernelError,
): DomainError {
  const where = formatAddress(options.target);
  const metadata = { errno: error.errno };
  if (error.call === "timeout") {
    return new DomainError(
      "DEADLINE_EXCEEDED",
      "CONNECT_TIMEOUT",
      `${where} did not answer within ${options.timeoutMs} ms; give a longer timeout if it may take so long`,
      { field: "timeout", metadata },
    );
  }
  if (error.errno === "EMFILE" || error.errno === "ENFILE") return outOfDescriptors(error.errno);
  const local = error.errno === "EADDRNOTAVAIL" || error.errno === "EADDRINUSE";
  return new DomainError(
    "FAILED_PRECONDITION",
    "CONNECT_FAILED",
    `${where} cannot be reached (${error.errno}); is something listening there?`,
    { field: local && options.localHost !== undefined ? "local_address" : "target", metadata },
  );
}

/** The error of what would take one of the last descriptors of the process, or of the machine (ENFILE). */
export function outOfDescriptors(errno: "EMFILE" | "ENFILE"): DomainError {
  return new DomainError(
    "RESOURCE_EXHAUSTED",
    "TOO_MANY_DESCRIPTORS",
    `the descriptors of the ${errno === "EMFILE" ? "daemon" : "machine"} are used up (${errno}); end sessions, listeners or captures, or start the daemon where more are allowed (ulimit -n)`,
    { metadata: { errno } },
  );
}
