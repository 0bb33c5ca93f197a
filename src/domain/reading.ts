import type { Connection } from "../kernel/connection.js";

/** Why a session is not reading; it reads while there is no reason. */
export type ReadingHold = "not_begun" | "backlog" | "inbox" | "silent" | "command" | "action" | "plan";

/** Takes bytes from the front of a chunk, one at least, and gives how many. */
export type Treat = (chunk: Buffer) => number;

/**
 * The reading side of a session: it reads while nobody holds it, not a byte otherwise. Held in the middle of a chunk it
 * keeps the rest, and goes on with it later.
 */
export class Reading {
  private readonly holds = new Set<ReadingHold>(["not_begun"]);
  private rest: Buffer | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly treat: Treat,
  ) {}

  isHeldBy(reason: ReadingHold): boolean {
    return this.holds.has(reason);
  }

  /** Somebody holds it who asked for that, and not only a queue or a step that makes way soon. */
  get isHeldForLong(): boolean {
    return this.holds.has("command") || this.holds.has("silent") || this.holds.has("inbox");
  }

  /** Bytes of a chunk that wait until it is held no more. */
  get heldBytes(): number {
    return this.rest?.length ?? 0;
  }

  /** Hands out what waits, for whoever keeps it past the end of the connection. */
  takeRest(): Buffer | undefined {
    const { rest } = this;
    this.rest = undefined;
    return rest;
  }

  /** Reads no more, until this reason and all others are gone. */
  hold(reason: ReadingHold): void {
    this.holds.add(reason);
    this.connection.pause();
  }

  unhold(reason: ReadingHold): void {
    if (!this.holds.delete(reason) || this.holds.size > 0) return;
    const rest = this.takeRest();
    if (rest !== undefined) this.take(rest);
    if (this.holds.size === 0) this.connection.resume();
  }

  /** Reads on, whoever held it; but for a step of a plan, which still acts at its byte. */
  unholdAll(): void {
    const held = this.holds.has("plan");
    this.holds.clear();
    this.holds.add("plan");
    if (!held) this.unhold("plan");
  }

  /** Bytes were read: has them treated, piece by piece, as far as nobody holds it. */
  take(chunk: Buffer): void {
    let left = chunk;
    while (left.length > 0 && !this.connection.isReleased) {
      if (this.holds.size > 0) {
        this.rest = this.rest === undefined ? left : Buffer.concat([this.rest, left]);
        return;
      }
      left = left.subarray(this.treat(left));
    }
  }
}
