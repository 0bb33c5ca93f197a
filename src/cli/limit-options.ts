import { defaultLimits, type Limits } from "../domain/limits.js";
import { usageError } from "./command-error.js";

/** The bounds that can be set, by their options. */
const options = {
  maxScopes: "scopes",
  maxListeners: "listeners",
  maxSessions: "sessions",
  maxWaiters: "waiters",
  maxSubscribers: "subscribers",
  maxEndedSessions: "endedSessions",
  maxJournalEvents: "journalEvents",
} as const satisfies Readonly<Record<string, keyof Limits>>;

type LimitOption = keyof typeof options;

/** As the command line has them. */
export type LimitOptions = Readonly<Partial<Record<LimitOption, string>>>;

/** The options for `--help`: the flag, what it bounds, the default. */
export const limitFlags: readonly (readonly [flag: string, about: string])[] = [
  ["--max-scopes <number>", `scopes at once (${defaultLimits.scopes})`],
  ["--max-listeners <number>", `listeners of a scope (${defaultLimits.listeners})`],
  ["--max-sessions <number>", `sessions at once (${defaultLimits.sessions}, or what the descriptors allow)`],
  ["--max-waiters <number>", `calls that wait at once (${defaultLimits.waiters})`],
  ["--max-subscribers <number>", `streams of events at once (${defaultLimits.subscribers})`],
  ["--max-ended-sessions <number>", `ended sessions that a scope keeps (${defaultLimits.endedSessions})`],
  ["--max-journal-events <number>", `events kept (${defaultLimits.journalEvents})`],
];

/** The bounds that were given. */
export function limitsOf(given: LimitOptions): Partial<Limits> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([option, limit]) => {
      const text = given[option as LimitOption];
      if (text === undefined) return [];
      if (!/^[1-9]\d{0,8}$/.test(text)) {
        const flag = option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        throw usageError(`--${flag} ${text}: use a whole number from 1`);
      }
      return [[limit, Number(text)]];
    }),
  );
}
