import type { ChosenTrigger } from "./plan.js";

/** The time of the armed step, if it waits for one. */
export class StepTimer {
  private timer: NodeJS.Timeout | undefined;
  private lastActivityMs = performance.now();

  constructor(private readonly onTimeUp: () => void) {}

  /** A step is armed: its time begins. */
  arm(trigger: ChosenTrigger | undefined): void {
    this.stop();
    if (trigger?.when === "elapsed" && trigger.ms > 0) this.timer = setTimeout(this.onTimeUp, trigger.ms);
    if (trigger?.when !== "idle") return;
    this.lastActivityMs = performance.now();
    const { ms } = trigger;
    // One timer, which looks when the last byte was; not one for each byte.
    const look = () => {
      const left = this.lastActivityMs + ms - performance.now();
      if (left <= 0) this.onTimeUp();
      else this.timer = setTimeout(look, Math.max(1, left));
    };
    this.timer = setTimeout(look, ms);
  }

  /** Bytes were read or written. */
  onActivity(): void {
    this.lastActivityMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
