import { setImmediate as nextTurn, setTimeout as after } from "node:timers/promises";
import type { Scope } from "../domain/scope.js";

// The calls that answer with a stream until their scope ends: its holders, and those who read its events.

const streams = new WeakMap<Scope, Set<Promise<void>>>();

/** What a reader that does not read holds up the end of a scope at most, in ms. */
const slowestMs = 100;

/** The turns of the event loop in which a stream's status follows its last message: one, as measured, and one to spare. */
const turnsToStatus = 2;

/** Counts a stream of the scope, until its last message is given. */
export function streamOf(scope: Scope): Disposable {
  const open = streams.get(scope) ?? new Set();
  streams.set(scope, open);
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  open.add(ended);
  return {
    [Symbol.dispose]: () => {
      open.delete(ended);
      end();
    },
  };
}

/**
 * That a scope has ended is told when its streams have: a client that then gives them up finds nothing to cancel. Else each
 * would be a RST_STREAM, of which HTTP/2 takes 1000, and 33 a second, before it ends the connection (nghttp2, CVE-2023-44487).
 */
export async function streamsEnded(scope: Scope): Promise<void> {
  const open = streams.get(scope);
  if (open === undefined) return;
  if (open.size > 0) {
    const late = new AbortController();
    const slow = after(slowestMs, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([Promise.all(open), slow]);
    late.abort();
  }
  for (let turn = 0; turn < turnsToStatus; turn++) await nextTurn();
}
