import { setImmediate as nextTurn } from "node:timers/promises";
import type { Scope } from "../domain/scope.js";
import { type Observers, poke, waitUntil } from "../domain/wait-until.js";

// The calls that answer with a stream until their scope ends: its holders, and those who read its events.

interface Streams {
  open: number;
  readonly observers: Observers;
}

const streams = new WeakMap<Scope, Streams>();

/** What a reader that does not read holds up the end of a scope at most, in ms. */
const slowestMs = 100;

const onTimeout = () => new Error("a stream of the scope is not read");

/** The turns of the event loop in which a stream's status follows its last message: one, as measured, and one to spare. */
const turnsToStatus = 2;

/** Counts a stream of the scope, until its last message is given. */
export function streamOf(scope: Scope): Disposable {
  const its = streams.get(scope) ?? { open: 0, observers: new Set() };
  streams.set(scope, its);
  its.open += 1;
  return {
    [Symbol.dispose]: () => {
      its.open -= 1;
      poke(its.observers);
    },
  };
}

/**
 * That a scope has ended is told when its streams have: a client that then gives them up finds nothing to cancel. Else each
 * would be a RST_STREAM, of which HTTP/2 takes 1000, and 33 a second, before it ends the connection (nghttp2, CVE-2023-44487).
 */
export async function streamsEnded(scope: Scope): Promise<void> {
  const its = streams.get(scope);
  if (its === undefined) return;
  await waitUntil(its.observers, () => its.open === 0 || undefined, { timeoutMs: slowestMs, onTimeout }).catch(
    () => {},
  );
  for (let turn = 0; turn < turnsToStatus; turn++) await nextTurn();
}
