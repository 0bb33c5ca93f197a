import { everyTick } from "../kernel/ticker.js";
import type { Session } from "./session.js";

/** Who is asked for, by how many waits. */
const polled = new Map<Session, { waits: number; readonly stop: () => void }>();

/**
 * Has what the kernel does not announce of a session asked for, until it is disposed of: states, acknowledgements,
 * unread bytes. However many wait, a session is asked once a tick, for them all.
 */
export function poll(session: Session): Disposable {
  let entry = polled.get(session);
  if (entry === undefined) {
    entry = { waits: 0, stop: everyTick(() => session.tellObservers()) };
    polled.set(session, entry);
  }
  const own = entry;
  own.waits += 1;
  return {
    [Symbol.dispose]: () => {
      own.waits -= 1;
      if (own.waits > 0) return;
      own.stop();
      polled.delete(session);
    },
  };
}
