import { everyTick } from "../kernel/ticker.js";
import type { Session } from "./session.js";

/** Sessions of one tick at most: each costs a look-up or two. */
const perTick = 64;
/** Followed at most; of others the state is still asked for when somebody reads it. */
const capacity = 2000;
/** How often a state that lasts is asked for, in ms. */
const slowMs = 1000;

/**
 * Asks the kernel for the states that change without a word: of sessions that are ending, and after our close. Only
 * those are asked for, and there is no timer while there are none.
 */
export class StateFollower {
  /** Each with the time of its next turn. */
  private readonly due = new Map<Session, number>();
  private stop: (() => void) | undefined;

  follow(session: Session): void {
    if (this.due.has(session) || this.due.size >= capacity) return;
    this.due.set(session, 0);
    this.stop ??= everyTick(() => this.tick());
  }

  forget(session: Session): void {
    this.due.delete(session);
    if (this.due.size > 0) return;
    this.stop?.();
    this.stop = undefined;
  }

  private tick(): void {
    const now = performance.now();
    let asked = 0;
    for (const [session, dueMs] of this.due) {
      if (dueMs > now) continue;
      if (++asked > perTick) return;
      const nextMs = nextTurn(session);
      if (nextMs === undefined) this.forget(session);
      else this.due.set(session, now + nextMs);
    }
  }
}

/** Takes note of the state; how long until the next time, undefined when it changes no more without being noticed. */
function nextTurn(session: Session): number | undefined {
  const msLeft = session.noteState();
  switch (session.lastKnownState) {
    case "FIN_WAIT1":
    case "CLOSING":
    case "LAST_ACK":
      return 0;
    case "FIN_WAIT2":
    case "TIME_WAIT":
      // While we hold the descriptor the peer's next word comes by itself.
      return session.ended ? Math.min(msLeft ?? slowMs, slowMs) : undefined;
    default:
      return undefined;
  }
}
