/** How what is sent is slowed down. */
export interface Throttle {
  /** 0: not by rate. */
  readonly bytesPerSecond: number;
  readonly chunkBytes: number;
  readonly pauseMs: number;
}

/** Where an outbox writes to. */
export interface OutboxSink {
  /** The sink holds bytes that the kernel did not take. */
  readonly isFull: boolean;
  write(data: Buffer): void;
  sendFin(): void;
  /** All that was held has gone out. */
  onEmptied(): void;
}

interface Entry {
  /** Undefined stands for the FIN. */
  data: Buffer | undefined;
  readonly dueMs: number;
}

/** Writes of one turn: a flood of tiny chunks must not keep others waiting. */
const chunksPerTurn = 128;

/**
 * What stands between a session and its connection while it is told to send late or slowly: bytes, and the FIN behind
 * them, in order. Without delay and throttle it holds nothing and takes no time.
 */
export class Outbox {
  private queue: Entry[] = [];
  private held = 0;
  private delayMs = 0;
  private throttle: Throttle | undefined;
  private nextChunkMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  constructor(private readonly sink: OutboxSink) {}

  /** Bytes held. */
  get size(): number {
    return this.held;
  }

  /** What is pushed from now on goes out so much later. */
  setDelay(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** What goes out from now on goes out slowly; undefined: at full speed. */
  setThrottle(throttle: Throttle | undefined): void {
    this.throttle = throttle;
    this.nextChunkMs = performance.now();
    this.pump();
  }

  write(data: Buffer): void {
    if (this.passes) this.sink.write(data);
    else this.push({ data, dueMs: performance.now() + this.delayMs });
  }

  sendFin(): void {
    if (this.passes) this.sink.sendFin();
    else this.push({ data: undefined, dueMs: performance.now() + this.delayMs });
  }

  /** Throws away what is held. */
  clear(): void {
    this.queue = [];
    this.held = 0;
    this.unschedule();
  }

  /** Sends what is due. Called again when the sink has room. */
  pump(): void {
    this.unschedule();
    if (this.queue.length === 0) return;
    for (let chunks = 0; chunks < chunksPerTurn; chunks++) {
      const entry = this.queue[0];
      if (entry === undefined) {
        this.sink.onEmptied();
        return;
      }
      if (this.sink.isFull) return;
      const waitMs = Math.max(entry.dueMs, this.nextChunkAt) - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.sendFrom(entry);
    }
    this.immediate = setImmediate(() => this.pump());
  }

  private get passes(): boolean {
    return this.queue.length === 0 && this.delayMs === 0 && this.throttle === undefined;
  }

  private get nextChunkAt(): number {
    return this.throttle === undefined ? 0 : this.nextChunkMs;
  }

  private push(entry: Entry): void {
    this.queue.push(entry);
    this.held += entry.data?.length ?? 0;
    if (this.queue.length === 1) this.pump();
  }

  private sendFrom(entry: Entry): void {
    const { data } = entry;
    if (data === undefined) {
      this.queue.shift();
      this.sink.sendFin();
      return;
    }
    const chunk = this.throttle === undefined ? data : data.subarray(0, this.throttle.chunkBytes);
    if (chunk.length === data.length) this.queue.shift();
    else entry.data = data.subarray(chunk.length);
    this.held -= chunk.length;
    if (this.throttle !== undefined) this.nextChunkMs = nextChunk(this.nextChunkMs, this.throttle, chunk.length);
    this.sink.write(chunk);
  }

  private unschedule(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
  }
}

/**
 * The time of the next chunk: never sooner than the pause, and by the rate as the time of this one should have been, so
 * that late timers do not slow it; but what was missed by more than 10 ms is not made up for by a burst.
 */
function nextChunk(dueMs: number, { bytesPerSecond, pauseMs }: Throttle, bytes: number): number {
  const now = performance.now();
  const byRate = bytesPerSecond === 0 ? 0 : Math.max(dueMs, now - 10) + (bytes * 1000) / bytesPerSecond;
  return Math.max(byRate, now + pauseMs);
}
