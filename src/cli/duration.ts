import type { Duration } from "../gen/google/protobuf/duration.js";
import { usageError } from "./command-error.js";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads `500ms`, `2s`, `1.5m` or `1h`, in ms. */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = unitMs[match?.[2] ?? ""];
  if (match === null || unit === undefined) throw usageError(`${option} ${text}: use a duration such as 500ms, 2s or 1m`);
  return Number(match[1]) * unit;
}

/** A field that is not given stays with the default that the contract has for it. */
export function optionalDuration(option: string, text: string | undefined): Duration | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(option, text);
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
