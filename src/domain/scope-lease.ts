import { now } from "./clock.js";

/** How long a scope lives: while it is held, and else until nobody has used it for its time to live. */
export class ScopeLease {
  private holderCount = 0;
  private lastUse = now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly ttlMs: number,
    private readonly onExpired: () => void,
  ) {
    this.schedule();
  }

  /** Streams that hold it. */
  get holders(): number {
    return this.holderCount;
  }

  /** When it ends if nobody uses it, ns since 1970; undefined while it is held. */
  get expireTime(): bigint | undefined {
    return this.holderCount > 0 ? undefined : this.lastUse + BigInt(Math.round(this.ttlMs * 1e6));
  }

  /** Somebody uses it. */
  use(): void {
    this.lastUse = now();
  }

  hold(): void {
    this.holderCount += 1;
    clearTimeout(this.timer);
  }

  /** A holder is gone. Gives how many are left. */
  unhold(): number {
    this.holderCount -= 1;
    return this.holderCount;
  }

  end(): void {
    clearTimeout(this.timer);
  }

  /** One timer, which looks when the last use was; not one for each use. */
  private schedule(): void {
    const leftMs = Number((this.expireTime ?? 0n) - now()) / 1e6;
    if (leftMs <= 0) this.onExpired();
    else this.timer = setTimeout(() => this.schedule(), Math.max(1, leftMs)).unref();
  }
}
