import { type Action, perform } from "../actions/action.js";
import { now } from "../clock.js";
import { DomainError } from "../errors.js";
import type { Limits } from "../limits.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { chooseSteps } from "./choose.js";
import type { AssignedPlan, PlanReport } from "./listener-plans.js";
import { signalsOf } from "./plan.js";
import { PlanEngine } from "./plan-engine.js";
import { StepTimer } from "./step-timer.js";

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

/** Bytes on their way out, and how they are written. */
interface Outgoing {
  readonly data: Buffer;
  readonly write: (piece: Buffer) => void;
}

/** A plan on its way through one session: asks the engine, and lets the session act. */
export class PlanRun {
  private readonly engine: PlanEngine;
  private readonly signalNames: ReadonlySet<string>;
  private readonly fired: FiredStep[] = [];
  /** Bytes that were to be written when a step had to act before them, in order. */
  private outgoing: Outgoing[] = [];
  /** The numbers of the steps that failed. */
  private readonly failed = new Set<number>();
  private advancing = false;
  /** What caused the action that was performed last. */
  private performed: Cause | undefined;
  /** The step under way that must be done, or have failed, before anything goes on. */
  private pending: { readonly step: FiredStep; readonly cause: Cause; readonly waits: boolean } | undefined;
  private readonly timer = new StepTimer(() => {
    this.engine.onTimeUp();
    this.advance();
  });

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

  /** Bytes that wait for a step to act before them. */
  get heldBytes(): number {
    return this.outgoing.reduce((sum, { data }) => sum + data.length, 0);
  }

  /** The session is open. */
  begin(): void {
    this.timer.arm(this.engine.armed?.trigger);
    this.advance();
  }

  /** Bytes of the peer, each of which is sent back if `echoed`: how many of them may be treated before a step acts. */
  receive(chunk: Buffer, echoed: boolean): number {
    this.timer.onActivity();
    return this.engine.receive(chunk, echoed);
  }

  /** Writes bytes by `write`, and lets a step act between the two at which it has to. */
  send(data: Buffer, write: (piece: Buffer) => void): void {
    this.timer.onActivity();
    this.outgoing.push({ data, write });
    this.flush();
  }

  /** Bytes were written that no step can act between. */
  onSentWhole(length: number): void {
    this.timer.onActivity();
    this.engine.sendWhole(length);
    this.advance();
  }

  /** An action was performed on the session. */
  onPerformed(cause: Cause): void {
    this.performed = cause;
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
    if (this.advancing || this.pending !== undefined || this.session.ended || !this.engine.isDue) return;
    // What an action lets be read again waits for the steps that are due before it.
    this.session.holdReading("plan");
    this.advancing = true;
    try {
      while (this.pending === undefined && !this.session.ended && this.engine.isDue) this.fire();
    } finally {
      this.advancing = false;
    }
    this.goOn();
  }

  /** The session has ended. */
  end(): void {
    this.timer.stop();
    this.outgoing = [];
    const { pending } = this;
    // The step that ends a session counts; one that another end was quicker than does not.
    if (pending === undefined || this.session.localCause === pending.cause) return;
    // Told now, and not when the promise of the action tells it, so that whoever sees the end sees this as well.
    if (pending.waits) {
      this.fail(pending.step, {
        reason: "SESSION_ENDED",
        message: `the session ended before ${pending.step.action} could act`,
      });
    } else this.noteFailed(pending.step);
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
    const cause: Cause = { kind: "PLAN_STEP", step: number, action: action.verb };
    this.fired.push(step);
    this.assigned.onFired(number);
    this.publish("plan_step_fired", step);
    if (actsLater(action)) this.pending = { step, cause, waits: true };
    else this.timer.arm(this.engine.armed?.trigger);
    this.performed = undefined;
    // What the step itself writes comes before what waited for it.
    const waiting = this.outgoing;
    this.outgoing = [];
    void this.act(action, cause, step);
    if (this.session.ended) return;
    this.outgoing.push(...waiting);
    // It has failed, which a promise tells a little later: so the failure is told before the next step acts.
    if (this.performed !== cause) this.pending ??= { step, cause, waits: false };
  }

  /** Performs an action, which acts before the first await unless it acts later, and notes its failure. */
  private async act(action: Action, cause: Cause, step: FiredStep): Promise<void> {
    try {
      await perform(this.session, action, { cause, limits: this.limits });
    } catch (error) {
      // It was sent: what the end cut off the receipt tells.
      if (action.verb === "send" && error instanceof DomainError && error.code === "ABORTED") return;
      const failure =
        error instanceof DomainError
          ? { reason: error.reason, message: error.message }
          : { reason: "BUG", message: String(error) };
      this.fail(step, failure);
    }
    if (this.pending?.step !== step) return;
    this.pending = undefined;
    if (this.session.ended) return;
    this.timer.arm(this.engine.armed?.trigger);
    if (this.engine.isDue) this.advance();
    else this.goOn();
  }

  /** Its action could not be performed: that is told once. */
  private fail(step: FiredStep, failure: NonNullable<FiredStep["failure"]>): void {
    const index = this.fired.findIndex((fired) => fired.step === step.step);
    if (this.fired[index]?.failure !== undefined) return;
    const failed = { ...step, failure };
    this.fired[index] = failed;
    this.noteFailed(step);
    this.publish("plan_step_failed", failed);
  }

  /** It counts as not fired, once. */
  private noteFailed({ step }: FiredStep): void {
    if (this.failed.has(step)) return;
    this.failed.add(step);
    this.assigned.onFailed(step);
  }

  private publish(kind: "plan_step_fired" | "plan_step_failed", step: FiredStep): void {
    const { planNumber, plan } = this.assigned;
    this.session.publish({ kind, step, plan: planNumber, seed: plan.seed });
  }

  /** What waited for the steps goes on: first what was to be written, then what was read. */
  private goOn(): void {
    this.flush();
    if (this.pending === undefined && !this.advancing) this.session.unholdReading("plan");
  }

  private flush(): void {
    while (this.pending === undefined) {
      const next = this.outgoing.shift();
      if (next === undefined) return;
      // A FIN or RST came between: nothing can be written any more.
      if (!this.session.canWrite) continue;
      const taken = this.engine.send(next.data.length);
      const rest = next.data.subarray(taken);
      if (rest.length > 0) this.outgoing.unshift({ data: rest, write: next.write });
      next.write(next.data.subarray(0, taken));
      // In the midst of a step the loop that fires it goes on with the next one, and then with the rest.
      if (this.advancing && rest.length > 0) return;
      this.advance();
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
