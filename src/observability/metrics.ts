import { readdir } from "node:fs/promises";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { JournalEvent } from "../domain/event.js";
import type { Fixture } from "../domain/fixture.js";
import type { Scope } from "../domain/scope.js";
import type { Address } from "../kernel/address.js";
import type { CallObserver } from "../service/observed-calls.js";
import { serveMetrics } from "./metrics-endpoint.js";

/** In seconds: from a call that is answered at once to one that waits. */
const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of a daemon, on an HTTP endpoint of their own. */
export interface Metrics extends AsyncDisposable {
  /** Where they are, with the real port. */
  readonly address: string;
  readonly calls: CallObserver;
}

/** Begins to count, and listens. @throws what the bind throws; nothing is left then. */
export async function startMetrics(fixture: Fixture, listen: Address): Promise<Metrics> {
  const registry = new Registry();
  const counting = fixture.journal.observe(countFacts(registry));
  try {
    readLivingThings(registry, fixture);
    const calls = measureCalls(registry);
    describeProcess(registry);
    const endpoint = await serveMetrics(registry, listen);
    return {
      address: endpoint.address,
      calls,
      async [Symbol.asyncDispose]() {
        counting[Symbol.dispose]();
        await endpoint[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    counting[Symbol.dispose]();
    throw error;
  }
}

/** What happened is counted as it is recorded. Never by scope or name: there is no end of those. */
function countFacts(registry: Registry) {
  const registers = [registry];
  const opened = new Counter({
    name: "hangup_sessions_opened_total",
    help: "Sessions opened, by origin.",
    labelNames: ["origin"],
    registers,
  });
  const endings = new Counter({
    name: "hangup_endings_total",
    help: "Sessions ended, by origin and by how each side ended: FIN, RST or NONE.",
    labelNames: ["origin", "local_end", "peer_end"],
    registers,
  });
  const acceptFailures = new Counter({
    name: "hangup_accept_failures_total",
    help: "Connections that could not be accepted, by reason: an errno, or the bound.",
    labelNames: ["reason"],
    registers,
  });
  const lost = new Counter({
    name: "hangup_events_lost_total",
    help: "Events that streams fell behind and were told to have lost.",
    registers,
  });
  for (const origin of ["ACCEPTED", "DIALED"]) opened.inc({ origin }, 0);
  return {
    onEvent({ fact, listener }: JournalEvent) {
      switch (fact.kind) {
        case "session_opened":
          opened.inc({ origin: fact.session.origin });
          break;
        case "session_ended": {
          const { localEnd, peerEnd } = fact.receipt;
          // Whoever was accepted has a listener, and who was dialed has none.
          const origin = listener === "" ? "DIALED" : "ACCEPTED";
          endings.inc({ origin, local_end: localEnd?.kind ?? "NONE", peer_end: peerEnd?.kind ?? "NONE" });
          break;
        }
        case "accept_failed":
          acceptFailures.inc({ reason: fact.reason });
          break;
        default:
      }
    },
    onLost: ({ firstSequence, lastSequence }: { firstSequence: number; lastSequence: number }) =>
      lost.inc(lastSequence - firstSequence + 1),
  };
}

/** What lives is read when it is asked for: by scope, and gone with its scope. */
function readLivingThings(registry: Registry, fixture: Fixture): void {
  const gauge = (name: string, help: string, collect: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(collect());
      },
    });
  const byScope = (
    name: string,
    help: string,
    label: string,
    first: string,
    labels: (scope: Scope) => Iterable<string>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ["scope", label],
      registers: [registry],
      collect() {
        this.reset();
        for (const scope of fixture.allScopes()) {
          const counts = new Map([[first, 0]]);
          for (const value of labels(scope)) counts.set(value, (counts.get(value) ?? 0) + 1);
          for (const [value, count] of counts) this.set({ scope: scope.name, [label]: value }, count);
        }
      },
    });

  byScope(
    "hangup_sessions",
    "Sessions that live, by scope and by the TCP state that the daemon noted last.",
    "state",
    "ESTABLISHED",
    function* states(scope) {
      for (const session of scope.allSessions()) if (!session.ended) yield session.lastKnownState;
    },
  );
  byScope(
    "hangup_listeners",
    "Listeners that live, by scope and state.",
    "state",
    "LISTENING",
    function* states(scope) {
      for (const listener of scope.allListeners()) yield listener.view().state;
    },
  );
  gauge("hangup_scopes", "Scopes that live, default included.", () => [...fixture.allScopes()].length);
  gauge("hangup_waiters", "Calls that wait, streams that hold a scope among them.", () => fixture.waiters.current);
  gauge("hangup_subscribers", "Streams of events.", () => fixture.subscribers.current);

  const limits = new Gauge({
    name: "hangup_limit",
    help: "What may be at once, by what it bounds.",
    labelNames: ["of"],
    registers: [registry],
  });
  const { scopes, sessions, waiters, subscribers } = fixture.limits;
  for (const [of, limit] of Object.entries({ scopes, sessions, waiters, subscribers })) limits.set({ of }, limit);

  let told = 0;
  const events = new Counter({
    name: "hangup_events_total",
    help: "Events recorded in the journal.",
    registers: [],
    collect() {
      this.inc(fixture.journal.lastSequence - told);
      told = fixture.journal.lastSequence;
    },
  });
  registry.registerMetric(events);
}

/** The library's metrics of a process and its event loop, less those that hold up a loop with many sockets. */
function describeProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  // They go over all sockets in the loop's own thread: 20 ms for 10,000.
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith("nodejs_active_") || name === "process_open_fds") registry.removeSingleMetric(name);
  }
  const descriptors = new Gauge({
    name: "process_open_fds",
    help: "Number of open file descriptors.",
    registers: [],
    async collect() {
      const open = await readdir("/proc/self/fd").catch(() => undefined);
      // One of them is what reads them.
      if (open !== undefined) this.set(open.length - 1);
    },
  });
  registry.registerMetric(descriptors);
}

function measureCalls(registry: Registry): CallObserver {
  const latency = new Histogram({
    name: "hangup_rpc_duration_seconds",
    help: "How long calls took, from their request to their status, by service, method and code.",
    labelNames: ["service", "method", "code"],
    buckets: latencyBuckets,
    registers: [registry],
  });
  return {
    failuresOnly: false,
    onCall: ({ service, method, code, durationMs }) => latency.observe({ service, method, code }, durationMs / 1000),
  };
}
