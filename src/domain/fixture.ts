import { now } from "./clock.js";
import { DomainError } from "./errors.js";
import { Journal } from "./journal.js";
import type { Limits } from "./limits.js";
import { nearest } from "./names.js";
import { Scope } from "./scope.js";
import { StateFollower } from "./state-follower.js";
import { newDaemonUid, uidSource } from "./uid.js";
import type { Observers } from "./wait-until.js";

/** The scope that always exists. */
export const defaultScope = "default";

/** All scopes, in reads, waits and events. */
export const allScopes = "-";

/** All that a daemon owns: the scopes and the journal. */
export class Fixture {
  readonly uid = newDaemonUid();
  readonly startTime = now();
  readonly journal: Journal;
  /** Who waits for a session to be opened, or a listener to go, in any scope. */
  readonly observers: Observers = new Set();
  private readonly scopes = new Map<string, Scope>();

  constructor(readonly limits: Limits) {
    this.journal = new Journal(limits.journalEvents);
    const tools = {
      journal: this.journal,
      limits,
      newUid: uidSource(this.uid),
      observers: this.observers,
      follower: new StateFollower(),
    };
    this.scopes.set(defaultScope, new Scope(defaultScope, tools));
  }

  /** The scope to act in. @throws DomainError UNKNOWN_SCOPE; INVALID_FIELD for `-`. */
  scope(name: string): Scope {
    if (name === allScopes) {
      throw new DomainError(
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
        'scope: "-" means all scopes, which is for reads, waits and events; name the one to act in',
        { field: "scope" },
      );
    }
    const scope = this.scopes.get(name === "" ? defaultScope : name);
    if (scope !== undefined) return scope;
    throw new DomainError("NOT_FOUND", "UNKNOWN_SCOPE", `no scope "${name}"; ${nearest(name, this.scopes.keys())}`, {
      field: "scope",
      resource: { type: "scope", name },
    });
  }

  /** The scopes to read: one, or all for `-`. */
  scopesToRead(name: string): readonly Scope[] {
    return name === allScopes ? [...this.scopes.values()] : [this.scope(name)];
  }

  /** A listener or a session lives somewhere. */
  get hasLife(): boolean {
    return [...this.scopes.values()].some((scope) => scope.hasLife);
  }

  /** Ends all that lives, and every wait and stream of events with it. */
  async stop(): Promise<void> {
    await Promise.all([...this.scopes.values()].map((scope) => scope.stop({ kind: "SHUTDOWN" })));
    this.journal.close();
  }
}
