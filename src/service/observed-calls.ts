import { ServerError, type ServerMiddleware, Status } from "nice-grpc";
import { DomainError } from "../domain/errors.js";

/** A call that is over. */
export interface CallEnd {
  /** `hangup.v1.SessionService`; of a call carried by a control stream `hangup.v1.ControlService`. */
  readonly service: string;
  /** `ResetSession`. */
  readonly method: string;
  /** Undefined where requests were streamed. */
  readonly request: unknown;
  /** The name of its status: `OK`, `NOT_FOUND`. */
  readonly code: string;
  /** What was thrown, if anything. */
  readonly error: unknown;
  /** NaN where nobody measures. */
  readonly durationMs: number;
}

/** Who is told of each call that is over; it must not throw. */
export interface CallObserver {
  /** Only calls that failed are of interest, and not how long they took. */
  readonly failuresOnly: boolean;
  onCall(end: CallEnd): void;
}

/** Thrown by nobody: the caller went away. */
const gone = Symbol("the caller went away");

/** Tells an observer of each RPC, with what was thrown before it became a status. */
export function observedCalls(observer: CallObserver): ServerMiddleware {
  const measures = !observer.failuresOnly;
  return async function* observed(call, context) {
    const begin = measures ? performance.now() : Number.NaN;
    let error: unknown = gone;
    try {
      const reply = yield* call.next(call.request, context);
      error = undefined;
      return reply;
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      if (measures || error !== undefined) {
        const [, service = "", method = ""] = call.method.path.split("/");
        const request = call.requestStream ? undefined : call.request;
        observer.onCall({
          service,
          method,
          request,
          code: codeOf(error),
          error,
          durationMs: performance.now() - begin,
        });
      }
    }
  };
}

/** Tells an observer of each call of methods that are called without an RPC of their own. */
export function observedMethods<Methods extends object>(
  service: string,
  methods: Methods,
  observer: CallObserver,
): Methods {
  const observed = Object.entries(methods).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
    name,
    async (request: unknown, ...rest: unknown[]) => {
      const begin = observer.failuresOnly ? Number.NaN : performance.now();
      const tell = (error: unknown) =>
        observer.onCall({
          service,
          method: rpcName(name),
          request,
          code: codeOf(error),
          error,
          durationMs: performance.now() - begin,
        });
      try {
        const reply = await method(request, ...rest);
        if (!observer.failuresOnly) tell(undefined);
        return reply;
      } catch (error) {
        tell(error);
        throw error;
      }
    },
  ]);
  return Object.fromEntries(observed) as Methods;
}

/** `ResetSession` of `resetSession`. */
export function rpcName(method: string): string {
  return method.charAt(0).toUpperCase() + method.slice(1);
}

/** Tells an observer of a call that was refused before it began; without its request where nothing of it was read. */
export function observeRefused(observer: CallObserver, path: string, error: DomainError, request?: unknown): void {
  const [, service = "", method = ""] = path.split("/");
  observer.onCall({ service, method, request, code: error.code, error, durationMs: 0 });
}

/** The name of the status that the error funnel will make of it. */
function codeOf(error: unknown): string {
  if (error === undefined) return "OK";
  if (error === gone || (error instanceof Error && error.name === "AbortError")) return "CANCELLED";
  if (error instanceof DomainError) return error.code;
  return error instanceof ServerError ? (Status[error.code] ?? "UNKNOWN") : "INTERNAL";
}
