import type { Duration } from "../gen/google/protobuf/duration.js";
import { usageError } from "./command-error.js";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads `500ms`, `2s`, `1.5m` or `1h`, in ms. */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = unitMs[match?.[2] ?? ""];
  if (match === null || unit === undefined)
    throw usageError(`${option} ${text}: use a duration such as 500ms, 2s or 1m`);
  return Number(match[1]) * unit;
}

/** A duration as the contract has it. */
export function protoDuration(option: string, text: string): Duration {
  const ms = parseDuration(option, text);
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** No call waits longer than this if it is not told to, in ms. */
const usualWaitMs = 5000;

/** How long a call with these fields may take by its own terms, in ms: an upper bound. */
export function longestWaitMs(fields: object): number {
  let ms = usualWaitMs;
  for (const value of Object.values(fields))
    if (isDuration(value)) ms += Number(value.seconds) * 1000 + value.nanos / 1e6;
  return ms;
}

function isDuration(value: unknown): value is Duration {
  return typeof value === "object" && value !== null && "seconds" in value && "nanos" in value;
}
