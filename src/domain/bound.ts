import { DomainError, type ErrorReason } from "./errors.js";

/** How many of something there may be at once. */
export class Bound {
  private taken = 0;

  constructor(
    /** What it is, in the plural, for the message. */
    private readonly what: string,
    private readonly reason: ErrorReason,
    private readonly option: string,
    readonly max: number,
  ) {}

  get current(): number {
    return this.taken;
  }

  get isFull(): boolean {
    return this.taken >= this.max;
  }

  /** @throws DomainError RESOURCE_EXHAUSTED when there are as many as may be. */
  assertRoom(): void {
    if (this.isFull) throw this.error();
  }

  /** The error of one too many. */
  error(): DomainError {
    const message = `${this.max} ${this.what} at once, and no more; end some, or start the daemon with a higher ${this.option}`;
    return new DomainError("RESOURCE_EXHAUSTED", this.reason, message);
  }

  /** One more. */
  take(): void {
    this.taken += 1;
  }

  /** One less. */
  give(): void {
    this.taken -= 1;
  }

  /** One more until it is disposed of. @throws DomainError RESOURCE_EXHAUSTED. */
  enter(): Disposable {
    this.assertRoom();
    this.take();
    return { [Symbol.dispose]: () => this.give() };
  }
}
