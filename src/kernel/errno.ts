import { getSystemErrorName } from "node:util";

/** An errno by its POSIX name, such as `ECONNRESET`. */
export type Errno = string;

/** The name of a positive errno; `errno 4242` for one that the platform has no name for. */
export function errnoName(errno: number): Errno {
  const name = getSystemErrorName(-errno);
  return name.startsWith("Unknown") ? `errno ${errno}` : name;
}

/** The errno of an error that Node raised, or the code that stands in its place (`ENOTFOUND`, `ERR_SOCKET_BAD_PORT`). */
export function errnoOf(error: unknown): Errno {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return "EUNKNOWN";
}

/** A call that the kernel refused. */
export class KernelError extends Error {
  override readonly name = "KernelError";

  constructor(
    readonly call: string,
    readonly errno: Errno,
    detail?: string,
  ) {
    super(`${call}: ${errno}${detail === undefined ? "" : ` (${detail})`}`);
  }
}
