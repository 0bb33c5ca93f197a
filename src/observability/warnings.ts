import type { Logger } from "pino";

/** How long warnings of one kind are counted before they are told, in ms. */
const gatherMs = 1000;

/** Warnings that are counted. */
interface Gathered {
  readonly fields: Readonly<Record<string, string>>;
  readonly message: string;
  times: number;
}

/**
 * Warnings of which a flood is to be expected, from outside: the first of a kind is written at once, and what follows
 * within a second becomes one line with `times`. None is left out: the counts add up to what happened.
 */
export class Warnings implements Disposable {
  private readonly gathered = new Map<string, Gathered>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly logger: Logger) {}

  /**
   * The fields say which kind it is, and are few: the names of what lives, and words of our own. What a client may name as
   * it likes is `about`, which makes no kind: the line that is written at once has it.
   */
  warn(fields: Readonly<Record<string, string>>, message: string, about: Readonly<Record<string, string>> = {}): void {
    if (!this.logger.isLevelEnabled("warn")) return;
    const kind = JSON.stringify(fields);
    const before = this.gathered.get(kind);
    if (before !== undefined) {
      before.times += 1;
      return;
    }
    this.gathered.set(kind, { fields, message, times: 0 });
    this.timer ??= setInterval(() => this.flush(), gatherMs).unref();
    this.logger.warn({ ...fields, ...about }, message);
  }

  /** Writes what has been counted. A kind that still comes goes on being counted. */
  private flush(): void {
    for (const [kind, gathered] of this.gathered) {
      const { fields, message, times } = gathered;
      if (times === 0) this.gathered.delete(kind);
      else this.logger.warn({ ...fields, times }, message);
      gathered.times = 0;
    }
    if (this.gathered.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  [Symbol.dispose](): void {
    this.flush();
    clearInterval(this.timer);
    this.timer = undefined;
    this.gathered.clear();
  }
}
