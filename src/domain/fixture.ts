import { setMaxListeners } from "node:events";
import { Access } from "./access.js";
import { Bound } from "./bound.js";
import { now } from "./clock.js";
import { DomainError } from "./errors.js";
import { Journal } from "./journal.js";
import type { Limits } from "./limits.js";
import { nearest } from "./names.js";
import { Scope, type ScopeTools } from "./scope.js";
import { ScopeLease } from "./scope-lease.js";
import type { ScopeEndReason, ScopeReport } from "./scope-tally.js";
import { StateFollower } from "./state-follower.js";
import { newDaemonUid, uidSource } from "./uid.js";
import { type Observers, poke } from "./wait-until.js";

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
  /** For whoever holds one of them still. */
  private readonly ended = new WeakMap<Scope, ScopeReport>();
  /** The numbers of their last events. */
  private readonly lastEvents = new WeakMap<Scope, number>();
  private readonly tools: ScopeTools;
  /** Calls that wait at once. */
  readonly waiters: Bound;
  /** Streams of events at once. */
  readonly subscribers: Bound;
  private lastScope = 0;
  private readonly stopping = new AbortController();

  constructor(
    readonly limits: Limits,
    access: Access = new Access(),
  ) {
    // Each control stream listens: any number is no leak.
    setMaxListeners(0, this.stopping.signal);
    this.journal = new Journal(limits.journalEvents);
    this.tools = {
      journal: this.journal,
      limits,
      access,
      newUid: uidSource(this.uid),
      observers: this.observers,
      follower: new StateFollower(),
      openSessions: new Bound("sessions", "TOO_MANY_SESSIONS", "--max-sessions", limits.sessions),
    };
    this.waiters = new Bound("waits", "TOO_MANY_WAITERS", "--max-waiters", limits.waiters);
    this.subscribers = new Bound("streams of events", "TOO_MANY_SUBSCRIBERS", "--max-subscribers", limits.subscribers);
    this.scopes.set(defaultScope, new Scope(defaultScope, this.tools, {}, undefined));
  }

  /** Makes a scope. @throws DomainError NAME_TAKEN, TOO_MANY_SCOPES. */
  createScope(name: string | undefined, ttlMs: number, labels: Readonly<Record<string, string>>): Scope {
    const own = name ?? this.freeScopeName();
    if (this.scopes.has(own)) {
      throw new DomainError(
        "ALREADY_EXISTS",
        "NAME_TAKEN",
        `scope "${own}" lives; end it first or choose another name`,
        {
          field: "scope",
          resource: { type: "scope", name: own },
        },
      );
    }
    if (this.scopes.size >= this.limits.scopes) {
      throw new DomainError(
        "RESOURCE_EXHAUSTED",
        "TOO_MANY_SCOPES",
        `${this.scopes.size} scopes live, and no more may; end some, or start the daemon with a higher --max-scopes`,
        { field: "scope" },
      );
    }
    const lease = new ScopeLease(ttlMs, () => {
      if (this.scopes.get(own) === scope) void this.endScope(scope, "EXPIRED");
    });
    const scope = new Scope(own, this.tools, labels, lease);
    this.scopes.set(own, scope);
    scope.publishScope({ kind: "scope_created", scope: scope.view() });
    return scope;
  }

  /** The scope of that name, if there is one. */
  findScope(name: string): Scope | undefined {
    return this.scopes.get(name);
  }

  allScopes(): Iterable<Scope> {
    return this.scopes.values();
  }

  /** Ends a scope as a whole; `default` is emptied and stays. */
  async endScope(scope: Scope, reason: ScopeEndReason): Promise<ScopeReport> {
    const goesOn = scope.name === defaultScope;
    const ending = scope.stop({ kind: "SCOPE_ENDED" }, goesOn);
    // Its name is free when nothing of it is left.
    const report = await ending;
    if (!goesOn && this.scopes.get(scope.name) === scope) this.scopes.delete(scope.name);
    scope.publishScope({ kind: "scope_ended", reason, report });
    if (!goesOn) {
      this.lastEvents.set(scope, this.journal.lastSequence);
      this.ended.set(scope, report);
    }
    poke(this.observers);
    return report;
  }

  /** What a scope was; undefined while it lives. */
  reportOf(scope: Scope): ScopeReport | undefined {
    return this.ended.get(scope);
  }

  /** The number of its `scope_ended`: what follows of its name is another life. Undefined while it lives. */
  lastEventOf(scope: Scope): number | undefined {
    return this.lastEvents.get(scope);
  }

  private freeScopeName(): string {
    do this.lastScope += 1;
    while (this.scopes.has(`scope-${this.lastScope}`));
    return `scope-${this.lastScope}`;
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
    scope?.lease?.use();
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

  /** Aborts when all has ended. */
  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  /** A listener or a session lives somewhere. */
  get hasLife(): boolean {
    return [...this.scopes.values()].some((scope) => scope.hasLife);
  }

  /** Ends all that lives, and every wait and stream of events with it. */
  async stop(): Promise<void> {
    const stopOne = async (scope: Scope) => void this.ended.set(scope, await scope.stop({ kind: "SHUTDOWN" }));
    await Promise.all([...this.scopes.values()].map(stopOne));
    this.journal.close();
    poke(this.observers);
    this.stopping.abort();
  }
}
