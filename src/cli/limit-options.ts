import { defaultLimits, type Limits, limitRanges, limitsConflict } from "../domain/limits.js";
import { usageError } from "./command-error.js";

/** The bounds by their options, in the order of `--help`: what each bounds. */
const options = {
  maxScopes: ["scopes", "scopes at once"],
  maxListeners: ["listeners", "listeners of a scope"],
  maxSessions: ["sessions", "sessions at once, at most what the descriptors allow"],
  maxConnections: ["connections", "connections to the API at once"],
  maxWaiters: ["waiters", "calls that wait at once, and streams that hold a scope"],
  maxSubscribers: ["subscribers", "streams of events at once"],
  maxEndedSessions: ["endedSessions", "ended sessions that a scope keeps"],
  maxJournalEvents: ["journalEvents", "events kept, which is how far a stream of them can fall behind"],
  maxMessageBytes: ["messageBytes", "bytes of a request"],
  maxDataBytes: ["dataBytes", "bytes of one SendData or ReceiveData"],
  maxSendQueueBytes: ["sendQueueBytes", "bytes that wait to be sent to one peer"],
  maxEndedInboxBytes: ["endedInboxBytes", "bytes of ended sessions of a scope that wait for ReceiveData"],
  maxPlans: ["plans", "plans of a listener"],
  maxPlanSteps: ["planSteps", "steps of a plan"],
  maxPlanBytes: ["planBytes", "bytes that the plans of a listener send or look for"],
} as const satisfies Readonly<Record<string, readonly [keyof Limits, string]>>;

type LimitOption = keyof typeof options;

/** As the command line has them. */
export type LimitOptions = Readonly<Partial<Record<LimitOption, string>>>;

/** The options for `--help`: the flag, what it bounds, the default. */
export const limitFlags: readonly (readonly [flag: string, about: string])[] = Object.entries(options).map(
  ([option, [limit, about]]) => [`${flagOf(option)} <number>`, `${about} (default: ${defaultLimits[limit]})`],
);

/** The bounds that were given. */
export function limitsOf(given: LimitOptions): Partial<Limits> {
  const limits: Partial<Limits> = Object.fromEntries(
    Object.entries(options).flatMap(([option, [limit]]) => {
      const text = given[option as LimitOption];
      if (text === undefined) return [];
      const { min, max } = limitRanges[limit];
      const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= min && value <= max)) {
        throw usageError(`${flagOf(option)} ${text}: use a whole number from ${min} to ${max}`);
      }
      return [[limit, value]];
    }),
  );
  const conflict = limitsConflict({ ...defaultLimits, ...limits });
  if (conflict !== undefined) throw usageError(conflict);
  return limits;
}

function flagOf(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
