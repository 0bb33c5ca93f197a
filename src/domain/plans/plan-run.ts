import { type Action, perform } from "../actions/action.js";
import { now } from "../clock.js";
import { DomainError } from "../errors.js";
import type { Limits } from "../limits.js";
import type { Session } from "../session.js";
import { chooseSteps } from "./choose.js";
import type { AssignedPlan, PlanReport } from "./listener-plans.js";
import { signalsOf } from "./plan.js";
import { PlanEngine } from "./plan-engine.js";

/** A step that has acted. */
export interface FiredStep {
  /** In the plan, from 1. */
  readonly step: number;
  readonly action: string;
  /** ns since 1970. */
  readonly time: bigint;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Why the action could not be performed. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/** How far a session is with its plan. */
export interface PlanProgress {
  readonly plan: number;
  readonly seed: bigint;
  readonly steps: number;
  readonly fired: readonly FiredStep[];
}

/** A plan on its way through one session: asks the engine, and lets the session act. */
export class PlanRun {
  private readonly engine: PlanEngine;
  private readonly signalNames: ReadonlySet<string>;
  private readonly fired: FiredStep[] = [];
  /** Bytes that were to be written when a step had to act before them. */
  private deferred: Buffer[] = [];
  private advancing = false;
  /** An action is under way that must be done before anything goes on. */
  private busy = false;
  private timer: NodeJS.Timeout | undefined;
  private lastActivityMs = performance.now();

  constructor(
    private readonly session: Session,
    private readonly assigned: AssignedPlan,
    private readonly limits: Limits,
    signals: Iterable<string>,
  ) {
    this.engine = new PlanEngine(chooseSteps(assigned.plan, assigned.connection));
    this.signalNames = new Set(signalsOf(assigned.plan));
    for (const name of signals) this.engine.onSignal(name);
  }

  get progress(): PlanProgress {
    const { plan, planNumber } = this.assigned;
    return { plan: planNumber, seed: plan.seed, steps: plan.steps.length, fired: this.fired };
  }

  /** What became of the plan so far, over all its connections. */
  reports(): readonly PlanReport[] {
    return this.assigned.reports();
  }

  /** It has a step that waits for this signal, or has waited. */
  names(signal: string): boolean {
    return this.signalNames.has(signal);
  }

  /** The session is open. */
  begin(): void {
    this.arm();
    this.advance();
  }

  /** Bytes of the peer: how many of them may be treated before a step acts. */
  receive(chunk: Buffer): number {
    this.lastActivityMs = performance.now();
    return this.engine.receive(chunk);
  }

  /** Writes bytes by `write`, and lets a step act between the two at which it has to. */
  send(data: Buffer, write: (piece: Buffer) => void): void {
    this.lastActivityMs = performance.now();
    if (this.deferred.length > 0) {
      this.deferred.push(data);
      return;
    }
    const taken = this.engine.send(data.length);
    write(data.subarray(0, taken));
    if (taken === data.length) {
      this.advance();
      return;
    }
    // What follows the byte at which the step acts waits for it.
    this.deferred.push(data.subarray(taken));
    this.advance();
    this.sendDeferred();
  }

  onPeerFin(): void {
    this.engine.onPeerFin();
    this.advance();
  }

  onSignal(name: string): void {
    this.engine.onSignal(name);
    this.advance();
  }

  /** Lets the steps act that are due, in order. */
  advance(): void {
    // A step that writes may make the next one due: the loop that is under way will see it.
    if (this.advancing || this.busy) return;
    this.advancing = true;
    try {
      while (!this.busy && !this.session.ended && this.engine.isDue) this.fire();
    } finally {
      this.advancing = false;
    }
    this.sendDeferred();
  }

  /** The session has ended. */
  end(): void {
    clearTimeout(this.timer);
    this.deferred = [];
  }

  private fire(): void {
    const number = this.engine.armedNumber;
    const { action } = this.engine.fire();
    const step: FiredStep = {
      step: number,
      action: action.verb,
      time: now(),
      bytesReceived: this.engine.bytesReceived,
      bytesSent: this.engine.bytesSent,
    };
    const index = this.fired.push(step) - 1;
    this.assigned.onFired(number);
    this.publish("plan_step_fired", step);
    this.arm();
    const later = actsLater(action);
    if (later) {
      this.busy = true;
      this.session.holdReading("plan");
    }
    void this.act(action, step, index, later);
  }

  /** Performs an action, which acts before the first await unless it acts later, and notes its failure. */
  private async act(action: Action, step: FiredStep, index: number, later: boolean): Promise<void> {
    try {
      await perform(this.session, action, {
        cause: { kind: "PLAN_STEP", step: step.step, action: action.verb },
        limits: this.limits,
      });
    } catch (error) {
      const failure =
        error instanceof DomainError
          ? { reason: error.reason, message: error.message }
          : { reason: "BUG", message: String(error) };
      this.fired[index] = { ...step, failure };
      this.publish("plan_step_failed", { ...step, failure });
    }
    if (!later) return;
    this.busy = false;
    if (this.session.ended) return;
    this.advance();
    this.session.unholdReading("plan");
  }

  private publish(kind: "plan_step_fired" | "plan_step_failed", step: FiredStep): void {
    const { planNumber, plan } = this.assigned;
    this.session.publish({ kind, step, plan: planNumber, seed: plan.seed });
  }

  /** Waits for the time of the armed step, if it is one of time. */
  private arm(): void {
    clearTimeout(this.timer);
    const trigger = this.engine.armed?.trigger;
    if (trigger?.when === "elapsed" && trigger.ms > 0) this.timer = setTimeout(() => this.timeUp(), trigger.ms);
    if (trigger?.when !== "idle") return;
    this.lastActivityMs = performance.now();
    const { ms } = trigger;
    // One timer, which looks when the last byte was; not one for each byte.
    const look = () => {
      const left = this.lastActivityMs + ms - performance.now();
      if (left <= 0) this.timeUp();
      else this.timer = setTimeout(look, Math.max(1, left));
    };
    this.timer = setTimeout(look, ms);
  }

  private timeUp(): void {
    this.engine.onTimeUp();
    this.advance();
  }

  private sendDeferred(): void {
    if (this.advancing || this.busy || this.deferred.length === 0) return;
    const waiting = this.deferred;
    this.deferred = [];
    for (const data of waiting) {
      if (this.session.canWrite) this.session.writeAgain(data);
    }
  }
}

/** Whether an action has to wait for something before it takes effect; then all else waits for it. */
function actsLater(action: Action): boolean {
  switch (action.verb) {
    case "reset":
      return action.afterFlush;
    case "reset_unread":
    case "fin_then_reset":
    case "last_data":
    case "send_urgent":
      return true;
    default:
      return false;
  }
}
