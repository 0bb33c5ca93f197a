import { SeededBytes } from "../seeded-bytes.js";
import type { Session } from "../session.js";
import type { Behaviour } from "./behaviour.js";

/** What a source sends. */
export interface SourceOptions {
  /** 0: without end. */
  readonly bytes: number;
  readonly seed: bigint;
  /** 0: as fast as the peer takes them. */
  readonly bytesPerSecond: number;
}

const maxChunkBytes = 64 * 1024;
/** At a rate: chunks of so much time. */
const rateStepMs = 10;

/** Sends bytes of its own, seeded, and throws away what comes. */
export class Source implements Behaviour {
  readonly readsPastRst = false;
  private readonly random: SeededBytes;
  private left: number;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  constructor(private readonly options: SourceOptions) {
    this.random = new SeededBytes(options.seed);
    this.left = options.bytes === 0 ? Number.POSITIVE_INFINITY : options.bytes;
  }

  onBegin(session: Session): void {
    this.sendSoon(session, 0);
  }

  onData(): void {
    // Thrown away.
  }

  onRoom(session: Session): void {
    this.sendSoon(session, 0);
  }

  onEnd(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.left = 0;
  }

  /** In a later turn, so that a peer that takes all at once keeps nobody waiting. */
  private sendSoon(session: Session, delayMs: number): void {
    if (this.timer !== undefined || this.immediate !== undefined) return;
    const send = () => {
      this.timer = undefined;
      this.immediate = undefined;
      this.send(session);
    };
    if (delayMs > 0) this.timer = setTimeout(send, delayMs);
    else this.immediate = setImmediate(send);
  }

  private send(session: Session): void {
    // Behind a backlog it goes on when there is room.
    if (this.left <= 0 || !session.canWrite || session.isBacklogged) return;
    const { bytesPerSecond } = this.options;
    const step = bytesPerSecond === 0 ? maxChunkBytes : Math.ceil((bytesPerSecond * rateStepMs) / 1000);
    const chunk = this.random.next(Math.min(step, maxChunkBytes, this.left));
    this.left -= chunk.length;
    session.write(chunk);
    const delayMs = bytesPerSecond === 0 ? 0 : Math.max(1, (chunk.length * 1000) / bytesPerSecond);
    if (this.left > 0) this.sendSoon(session, delayMs);
  }
}
