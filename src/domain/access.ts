import { tmpdir } from "node:os";
import { type Address, formatAddress, isLoopbackIp } from "../kernel/address.js";
import { AddressRanges, type AddressRange } from "../kernel/address-ranges.js";
import { isBelow } from "../kernel/unix-directory.js";
import { DomainError, type ErrorReason } from "./errors.js";

/** What is allowed beside loopback and the directories that are usual. */
export interface AccessRules {
  readonly listen?: readonly AddressRange[];
  readonly dial?: readonly AddressRange[];
  /** Directories of unix sockets. */
  readonly unix?: readonly string[];
}

/** What is always allowed. */
const loopback: readonly AddressRange[] = [
  { network: "127.0.0.0", prefix: 8 },
  { network: "::1", prefix: 128 },
];

/** The directory for temporary files, and that of the user's own sockets where there is one. */
function usualUnixDirectories(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const { XDG_RUNTIME_DIR: runtime } = env;
  return [tmpdir(), ...(runtime === undefined || runtime === "" ? [] : [runtime])];
}

/** Where the daemon may listen and dial for those who call it. */
export class Access {
  private readonly listen: AddressRanges;
  private readonly dial: AddressRanges;
  private readonly unix: readonly string[];

  constructor(rules: AccessRules = {}) {
    this.listen = new AddressRanges([...loopback, ...(rules.listen ?? [])]);
    this.dial = new AddressRanges([...loopback, ...(rules.dial ?? [])]);
    this.unix = [...usualUnixDirectories(), ...(rules.unix ?? [])];
  }

  /** @throws DomainError LISTEN_NOT_ALLOWED, UNIX_PATH_NOT_ALLOWED. A host name is none of the addresses: resolve it. */
  assertMayListen(address: Address): void {
    if (address.kind === "unix") return this.assertUnixPath("unix_path", address.path);
    if (!allows(this.listen, address.host)) throw notAllowed("LISTEN_NOT_ALLOWED", "host", address.host, "listen on");
  }

  /** @throws DomainError DIAL_NOT_ALLOWED, UNIX_PATH_NOT_ALLOWED. A host name is none of the addresses: resolve it. */
  assertMayDial(target: Address): void {
    if (target.kind === "unix") return this.assertUnixPath("target", target.path);
    if (!allows(this.dial, target.host))
      throw notAllowed("DIAL_NOT_ALLOWED", "target", target.host, "dial", formatAddress(target));
  }

  /** An end to dial from is bound as a listener's is. @throws DomainError LISTEN_NOT_ALLOWED */
  assertMayDialFrom(host: string): void {
    if (!allows(this.listen, host)) throw notAllowed("LISTEN_NOT_ALLOWED", "local_address", host, "dial from");
  }

  private assertUnixPath(field: string, path: string): void {
    if (isBelow(path, this.unix)) return;
    throw new DomainError(
      "PERMISSION_DENIED",
      "UNIX_PATH_NOT_ALLOWED",
      `${field}: ${path} is not below ${this.unix.join(" or ")}, where alone this daemon has unix sockets; ` +
        "use a path there, or start the daemon with --allow-unix <directory>",
      { field, metadata: { address: `unix:${path}` } },
    );
  }
}

/** Whether an address is in the ranges; loopback is in all of them, and what most ask for is seen at a glance. */
function allows(ranges: AddressRanges, host: string): boolean {
  return isLoopbackIp(host) || ranges.has(host);
}

/** The least that has to be allowed. */
function rangeFor(host: string): string {
  if (host === "0.0.0.0") return "0.0.0.0/0";
  return host === "::" ? "0.0.0.0/0,::/0" : host;
}

function notAllowed(reason: ErrorReason, field: string, host: string, verb: string, address = host): DomainError {
  const option = reason === "DIAL_NOT_ALLOWED" ? "--allow-dial" : "--allow-listen";
  return new DomainError(
    "PERMISSION_DENIED",
    reason,
    `${field}: this daemon may not ${verb} ${address}, which is no loopback address; use 127.0.0.1 or ::1, or start it ` +
      `with ${option} ${rangeFor(host)}`,
    { field, metadata: { address } },
  );
}
