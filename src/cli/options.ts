import { Session_OnPeerFin } from "../gen/hangup/v1/session.js";
import { usageError } from "./command-error.js";

/** The options of every verb that talks to a daemon. */
export interface DaemonCallOptions {
  readonly address: string;
  readonly scope?: string;
  readonly json?: boolean;
}

/** `close-too` and `stay-open`, as the enum has them; not given: the default of the place. */
export function onPeerFin(text: string | undefined): Session_OnPeerFin {
  if (text === undefined) return Session_OnPeerFin.UNSPECIFIED;
  return text === "close-too" ? Session_OnPeerFin.CLOSE_TOO : Session_OnPeerFin.STAY_OPEN;
}

/** `--label k=v`, as often as wanted. */
export function labels(pairs: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw usageError(`--label ${pair}: use key=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** A whole number between bounds; `bounds.max` is what the field can carry. */
export function wholeNumber(option: string, text: string, bounds: { readonly max: number }): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= bounds.max)) throw usageError(`${option} ${text}: use a whole number from 0 to ${bounds.max}`);
  return value;
}
