import type { PlanReport } from "./plans/listener-plans.js";
import { countEndings, type EndingCounts } from "./receipt.js";
import type { Session } from "./session.js";

/** Names and plans that a report lists at most, of each kind. */
const maxListed = 1000;

/** The plans of a listener, or of a dialed session. */
export interface OwnedPlans {
  /** Empty for a dialed session. */
  readonly listener: string;
  /** Empty for a listener. */
  readonly session: string;
  readonly plans: readonly PlanReport[];
}

/** What has happened in a scope from its beginning on, also of what it has forgotten. */
export class ScopeTally {
  private readonly counts = countEndings([]);
  private bytesReceived = 0;
  private bytesSent = 0;
  private plansOmitted = 0;
  private readonly ownedPlans: { readonly owned: OwnedPlans; readonly firedAll: boolean }[] = [];

  onSessionEnded(session: Session): void {
    const ended = countEndings([session.receipt()!]);
    for (const key of Object.keys(ended) as (keyof EndingCounts)[]) this.counts[key] += ended[key];
    this.bytesReceived += session.bytesReceived;
    this.bytesSent += session.bytesSent;
    const plans = session.dialedPlanReports;
    if (plans !== undefined) this.keep({ listener: "", session: session.name, plans });
  }

  onListenerDeleted(listener: string, plans: readonly PlanReport[]): void {
    if (plans.length > 0) this.keep({ listener, session: "", plans });
  }

  /** Where there are too many, those that did all that they should give way: a fault that did not happen is told. */
  private keep(owned: OwnedPlans): void {
    const firedAll = owned.plans.every(({ steps }) => steps.every((step) => step.fired > 0 && step.notFired === 0));
    if (this.ownedPlans.length >= maxListed) {
      this.plansOmitted += 1;
      if (firedAll) return;
      const place = this.ownedPlans.findIndex((other) => other.firedAll);
      if (place < 0) return;
      this.ownedPlans.splice(place, 1);
    }
    this.ownedPlans.push({ owned, firedAll });
  }

  /** What it comes to now. */
  total(): ScopeTotal {
    const { counts, bytesReceived, bytesSent, ownedPlans, plansOmitted } = this;
    const plans = ownedPlans.map(({ owned }) => owned);
    return { counts: { ...counts }, bytesReceived, bytesSent, plans, plansOmitted };
  }
}

/** What a tally comes to. */
export interface ScopeTotal {
  readonly counts: EndingCounts;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly plans: readonly OwnedPlans[];
  /** Owners of plans that are too many to be listed. */
  readonly plansOmitted: number;
}

/** A scope as it stands at a moment. */
export interface ScopeView {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where it never expires. */
  readonly ttlMs: number | undefined;
  /** ns since 1970; undefined while it is held, and where it never expires. */
  readonly expireTime: bigint | undefined;
  readonly holders: number;
  readonly listeners: number;
  readonly openSessions: number;
  readonly createTime: bigint;
}

/** What a scope was when it ended. */
export interface ScopeReport extends ScopeTotal {
  readonly scope: ScopeView;
  readonly openListeners: readonly string[];
  readonly openSessions: readonly string[];
}

/** Why a scope ended. */
export type ScopeEndReason = "DELETED" | "RELEASED" | "EXPIRED";

/** The first names of many, as many as a report lists. */
export function listed(names: Iterable<string>): readonly string[] {
  return [...names].slice(0, maxListed);
}
