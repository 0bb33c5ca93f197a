import { invalidField } from "../domain/errors.js";
import { type Address, formatAddress, maxUnixPathBytes, parseAddress } from "../kernel/address.js";
import { isIP } from "../kernel/ip.js";
import type { Duration } from "../gen/google/protobuf/duration.js";

// Reads the fields of requests: each function gives a value of the domain or throws INVALID_ARGUMENT on the field.

/** Bounds of a duration, in ms. */
export interface DurationBounds {
  readonly default: number;
  readonly min?: number;
  readonly max: number;
}

export const minuteMs = 60_000;

/** How many records a reply may carry. */
export function maxResults(value: number | undefined): number {
  if (value === undefined) return 100;
  if (value < 0 || value > 1000) throw invalidField("max_results", `${value}; use 0 to 1000`);
  return value;
}

/** A duration in ms; its default when it is not given. */
export function durationMs(field: string, value: Duration | undefined, bounds: DurationBounds): number {
  if (value === undefined) return bounds.default;
  const ms = Number(value.seconds) * 1000 + value.nanos / 1e6;
  const { min = 0, max } = bounds;
  if (ms < min || ms > max || Math.abs(value.nanos) > 999_999_999) {
    throw invalidField(field, `${ms} ms; use ${min} to ${max} ms, such as "2s"`);
  }
  return ms;
}

/** A name that must be given. */
export function required(field: string, value: string): string {
  if (value === "") throw invalidField(field, "required", "MISSING_FIELD");
  if (Buffer.byteLength(value) > 300) throw invalidField(field, "longer than any name can be");
  return value;
}

/** A string that may be left empty. */
export function optional(value: string): string | undefined {
  return value === "" ? undefined : value;
}

/** A number between bounds, where 0 stands for the default. */
export function count(field: string, value: number, bounds: { default: number; max: number }): number {
  if (value === 0) return bounds.default;
  if (value < 0 || value > bounds.max)
    throw invalidField(field, `${value}; use 1 to ${bounds.max}, or 0 for ${bounds.default}`);
  return value;
}

/** A TCP port, 0 allowed. */
export function port(field: string, value: number): number {
  if (value > 65_535) throw invalidField(field, `${value} is no port; use 0 to 65535`);
  return value;
}

/** A count or number that JavaScript can hold exactly. */
export function exact(field: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidField(field, `${value} is more than can ever be reached`);
  return Number(value);
}

/** The name of an enum's value, or undefined for its zero value. */
export function enumName<Name extends string>(
  field: string,
  values: Readonly<Record<string, number | string>>,
  value: number,
): Name | undefined {
  const name = Object.keys(values).find((key) => values[key] === value);
  if (name === undefined || name === "UNRECOGNIZED") {
    const known = Object.keys(values).filter((key) => key !== "UNRECOGNIZED" && key !== "UNSPECIFIED");
    throw invalidField(field, `${value} is no value of it; use ${known.join(", ")}`);
  }
  return name === "UNSPECIFIED" ? undefined : (name as Name);
}

/** Where to listen: a host and port, or the path of a unix socket. */
export function listenAddress(host: string, portNumber: number, unixPath: string): Address {
  if (unixPath !== "") {
    if (host !== "" || portNumber !== 0) {
      throw invalidField("unix_path", "not together with host or port; give one or the other", "CONFLICTING_FIELDS");
    }
    return unixAddress("unix_path", unixPath);
  }
  if (host !== "" && host !== "localhost" && isIP(host) === 0) {
    throw invalidField(
      "host",
      `${JSON.stringify(host.slice(0, 80))} is no IP address; use 127.0.0.1, ::1, :: or localhost`,
    );
  }
  return { kind: "tcp", host: host === "" ? "127.0.0.1" : host, port: port("port", portNumber) };
}

/** Where to dial: `host:port`, `[ipv6]:port` or `unix:/path`. */
export function dialTarget(field: string, text: string): Address {
  const address = parseAddress(required(field, text));
  if (address === undefined) {
    throw invalidField(
      field,
      `${JSON.stringify(text.slice(0, 120))} is no target; use host:port, [ipv6]:port or unix:/path`,
    );
  }
  if (address.kind === "unix") return unixAddress(field, address.path);
  if (address.port === 0) throw invalidField(field, "port 0 is nowhere to dial to; use 1 to 65535");
  return address;
}

/** `ip` or `ip:port` to dial from. */
export function localEnd(field: string, text: string): { localHost?: string; localPort?: number } {
  if (text === "") return {};
  if (isIP(text) !== 0) return { localHost: text };
  const address = parseAddress(text);
  if (address === undefined || address.kind === "unix" || isIP(address.host) === 0) {
    throw invalidField(
      field,
      `${JSON.stringify(text.slice(0, 80))} is no local address; use 127.0.0.2 or 127.0.0.2:5000`,
    );
  }
  return { localHost: address.host, ...(address.port === 0 ? {} : { localPort: address.port }) };
}

/** `ip:port` in the one spelling that sessions have. */
export function peerAddress(field: string, text: string): string | undefined {
  if (text === "") return undefined;
  const address = parseAddress(text);
  if (address === undefined) {
    throw invalidField(field, `${JSON.stringify(text.slice(0, 80))} is no peer; use ip:port, such as 127.0.0.1:51234`);
  }
  return formatAddress(address);
}

function unixAddress(field: string, path: string): Address {
  const bytes = Buffer.byteLength(path);
  if (!path.startsWith("/")) throw invalidField(field, "must be an absolute path");
  if (path.includes("\0")) throw invalidField(field, "must not have a NUL byte");
  if (bytes > maxUnixPathBytes) {
    throw invalidField(field, `${bytes} bytes; a unix socket's path has at most ${maxUnixPathBytes} (unix(7))`);
  }
  return { kind: "unix", path };
}
