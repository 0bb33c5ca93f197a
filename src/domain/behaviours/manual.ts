import type { Session } from "../session.js";
import type { Behaviour } from "./behaviour.js";

/**
 * Keeps the peer's bytes until ReceiveData takes them. Past its capacity it reads no more, and TCP holds the peer
 * back.
 */
export class Manual implements Behaviour {
  readonly readsPastRst = true;
  private chunks: Buffer[] = [];
  private held = 0;

  constructor(private readonly capacity: number) {}

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.held;
  }

  onBegin(): void {
    // Reading is all it begins with.
  }

  onData(session: Session, chunk: Buffer): void {
    this.chunks.push(chunk);
    this.held += chunk.length;
    if (this.held >= this.capacity) session.holdReading("inbox");
  }

  onRoom(): void {
    // It writes nothing.
  }

  onEnd(session: Session): void {
    session.unholdReading("inbox");
  }

  /** Takes at most `max` bytes, in order. */
  take(session: Session, max: number): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    const taken = all.subarray(0, max);
    const rest = all.subarray(taken.length);
    this.chunks = rest.length === 0 ? [] : [rest];
    this.held = rest.length;
    if (this.held < this.capacity) session.unholdReading("inbox");
    return taken;
  }
}
