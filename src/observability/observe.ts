import type { ServerMiddleware } from "nice-grpc";
import type { Logger } from "pino";
import type { Fixture } from "../domain/fixture.js";
import { type Address, formatAddress, isLoopback } from "../kernel/address.js";
import type { CallEnd, CallObserver } from "../service/observed-calls.js";
import { StartError } from "../start-error.js";
import { version } from "../version.js";
import { callLog } from "./call-log.js";
import { logEvents } from "./event-log.js";
import type { Metrics } from "./metrics.js";
import type { Tracing } from "./tracing.js";
import { Warnings } from "./warnings.js";

/** What an operator wants to see. */
export interface ObservabilityOptions {
  /** Where metrics are served; undefined: nowhere. */
  readonly metrics?: Address | undefined;
  /** The OTLP collector that gets spans; undefined: none. */
  readonly otlpEndpoint?: string | undefined;
}

/** What observes a daemon; disposed of, nothing does. */
export interface Observation extends AsyncDisposable {
  /** Where metrics are, with the real port. */
  readonly metrics: string | undefined;
  readonly tracing: ServerMiddleware | undefined;
  readonly calls: CallObserver | undefined;
  readonly warnings: Warnings;
}

/**
 * Begins to observe a daemon: its log, and what else was asked for. What was not asked for is not even loaded.
 *
 * @throws StartError when metrics cannot be served there.
 */
export async function observe(
  fixture: Fixture,
  {
    metrics: where,
    otlpEndpoint,
    insecure,
    logger,
  }: ObservabilityOptions & { insecure?: boolean | undefined; logger: Logger },
): Promise<Observation> {
  if (where !== undefined && !isLoopback(where) && insecure !== true) {
    throw new StartError(
      "INSECURE_ADDRESS",
      `--metrics ${formatAddress(where)} can be reached by others, and tells the names of scopes to whoever asks: ` +
        "use 127.0.0.1, [::1] or unix:/path, or say --insecure",
    );
  }
  const warnings = new Warnings(logger);
  const parts: (Disposable | AsyncDisposable)[] = [warnings, logEvents(fixture.journal, logger, warnings)];
  let metrics: Metrics | undefined;
  let tracing: Tracing | undefined;
  if (where !== undefined) {
    const { startMetrics } = await import("./metrics.js");
    metrics = await startMetrics(fixture, where).catch(bindError(where));
    parts.push(metrics);
  }
  if (otlpEndpoint !== undefined) {
    const { startTracing } = await import("./tracing.js");
    const onFailure = (why: string) => warnings.warn({ event: "tracing_failed", endpoint: otlpEndpoint }, why);
    tracing = startTracing({ endpoint: otlpEndpoint, version, onFailure });
    parts.push(tracing);
  }
  return {
    metrics: metrics?.address,
    tracing: tracing?.middleware,
    calls: together([callLog(logger, warnings), metrics?.calls]),
    warnings,
    async [Symbol.asyncDispose]() {
      for (const part of parts.toReversed()) await disposed(part);
    },
  };
}

async function disposed(part: Disposable | AsyncDisposable): Promise<void> {
  if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]();
  else part[Symbol.dispose]();
}

/** Several observers as one; none as undefined. */
function together(observers: readonly (CallObserver | undefined)[]): CallObserver | undefined {
  const all = observers.filter((observer) => observer !== undefined);
  if (all.length < 2) return all[0];
  return {
    failuresOnly: all.every(({ failuresOnly }) => failuresOnly),
    onCall(end: CallEnd) {
      for (const observer of all) {
        if (!observer.failuresOnly || end.error !== undefined) observer.onCall(end);
      }
    },
  };
}

function bindError(where: Address): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    const address = formatAddress(where);
    if (error.code === "EADDRINUSE") throw new StartError("PORT_IN_USE", `--metrics ${address} is in use (EADDRINUSE)`);
    throw new StartError("BIND_FAILED", `--metrics ${address} cannot be listened on: ${error.message}`);
  };
}
