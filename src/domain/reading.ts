import type { Connection } from "../kernel/connection.js";

/** Each its bit: a session that reads, as most do, has none of them and no set for them. */
const holdBits = { not_begun: 1, backlog: 2, inbox: 4, silent: 8, command: 16, action: 32, plan: 64 } as const;

/** Why a session is not reading; it reads while there is no reason. */
export type ReadingHold = keyof typeof holdBits;

/** Whose bytes they are. */
export interface Reader {
  /** Takes bytes from the front of a chunk, one at least, and gives how many. */
  treat(chunk: Buffer): number;
}

/**
 * The reading side of a session: it reads while nobody holds it, not a byte otherwise. Held in the middle of a chunk it
 * keeps the rest, and goes on with it later.
 */
export class Reading {
  private holds: number = holdBits.not_begun;
  private rest: Buffer | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly reader: Reader,
  ) {}

  isHeldBy(reason: ReadingHold): boolean {
    return (this.holds & holdBits[reason]) !== 0;
  }

  /** Somebody holds it who asked for that, and not only a queue or a step that makes way soon. */
  get isHeldForLong(): boolean {
    return (this.holds & (holdBits.command | holdBits.silent | holdBits.inbox)) !== 0;
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
    this.holds |= holdBits[reason];
    this.connection.pause();
  }

  unhold(reason: ReadingHold): void {
    if (!this.isHeldBy(reason)) return;
    this.holds &= ~holdBits[reason];
    if (this.holds !== 0) return;
    const rest = this.takeRest();
    if (rest !== undefined) this.take(rest);
    if (this.holds === 0) this.connection.resume();
  }

  /** Reads on, whoever held it; but for a step of a plan, which still acts at its byte. */
  unholdAll(): void {
    const held = this.isHeldBy("plan");
    this.holds = holdBits.plan;
    if (!held) this.unhold("plan");
  }

  /** Bytes were read: has them treated, piece by piece, as far as nobody holds it. */
  take(chunk: Buffer): void {
    let left = chunk;
    while (left.length > 0 && !this.connection.isReleased) {
      if (this.holds !== 0) {
        this.rest = this.rest === undefined ? left : Buffer.concat([this.rest, left]);
        return;
      }
      left = left.subarray(this.reader.treat(left));
    }
  }
}
