import { pollPhase } from "../kernel/poll-phase.js";
import { DomainError } from "./errors.js";
import type { Fixture } from "./fixture.js";
import { nearest } from "./names.js";
import { poll } from "./polled.js";
import type { Scope } from "./scope.js";
import type { Session } from "./session.js";
import { holds, preferred, type SessionSelector, type WaitGoal } from "./session-selector.js";
import { waitUntil } from "./wait-until.js";

/** How long. */
export interface WaitSessionOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the session that is meant exists, and then until all that is asked of it holds at once.
 *
 * @throws DomainError WAIT_TIMEOUT; SESSION_ENDED when it has ended and what is asked can never hold;
 *   LISTENER_DELETED, UNKNOWN_LISTENER.
 */
export async function waitSession(
  fixture: Fixture,
  scopes: readonly Scope[],
  selector: SessionSelector,
  goal: WaitGoal,
  options: WaitSessionOptions,
): Promise<Session> {
  const deadline = performance.now() + options.timeoutMs;
  if (selector.listener !== undefined) assertListener(scopes, selector.listener);
  let session = await untilOpened(fixture, scopes, selector, options);
  if ((selector.peerPort ?? selector.peer) !== undefined) {
    // A peer's RST may be with the kernel, and unnoticed where nobody reads.
    session.inspect();
    if (session.ended) {
      // The port may have come round again, and its new connection wait to be accepted.
      await pollPhase();
      session = preferred([session, ...scopes.flatMap((scope) => scope.find(selector) ?? [])]) ?? session;
    }
  }
  // A state is nothing that the kernel announces: while somebody waits for one it is asked for.
  using _ = goal.state === undefined ? undefined : poll(session);
  await waitUntil(session.observers, () => check(session, goal), {
    timeoutMs: Math.max(0, deadline - performance.now()),
    signal: options.signal,
    onTimeout: () => timeout(session, options.timeoutMs),
  });
  // A state may be there before what brought it has been noticed: the peer's FIN, of CLOSE_WAIT.
  if (goal.state !== undefined && !session.ended) session.inspect();
  return session;
}

function untilOpened(
  fixture: Fixture,
  scopes: readonly Scope[],
  selector: SessionSelector,
  options: WaitSessionOptions,
): Promise<Session> {
  const find = () => {
    const found = preferred(scopes.flatMap((scope) => scope.find(selector) ?? []));
    if (found === undefined) scopes[0]?.assertRunning();
    if (found === undefined && selector.listener !== undefined) assertNotDeleted(scopes, selector.listener);
    return found;
  };
  return waitUntil(fixture.observers, find, {
    ...options,
    onTimeout: () => {
      const known = scopes.flatMap((scope) => [...scope.sessionNames()]);
      return new DomainError(
        "DEADLINE_EXCEEDED",
        "WAIT_TIMEOUT",
        `no such session within ${options.timeoutMs} ms: ${JSON.stringify(selector)}; ` +
          nearest(selector.session ?? selector.listener ?? "", known),
      );
    },
  });
}

function check(session: Session, goal: WaitGoal): true | undefined {
  if (holds(goal, session)) return true;
  if (!session.ended) return undefined;
  throw session.refusal(
    "SESSION_ENDED",
    "it has ended, and what was asked for can never hold any more; see its receipt",
  );
}

function timeout(session: Session, timeoutMs: number): DomainError {
  const view = session.view();
  return new DomainError(
    "DEADLINE_EXCEEDED",
    "WAIT_TIMEOUT",
    `session "${session.name}": not within ${timeoutMs} ms; last seen in ${view.state}, ` +
      `${view.bytesReceived} bytes received, ${view.bytesSent} sent, ` +
      `the peer's FIN ${view.peerFinSeen ? "seen" : "not seen"}, ${view.ended ? "ended" : "not ended"}`,
    { resource: { type: "session", name: session.name }, metadata: { state: view.state }, session: view },
  );
}

function assertListener(scopes: readonly Scope[], name: string): void {
  if (scopes.some((scope) => scope.hasListener(name))) return;
  // One scope: the error that names the nearest listeners. All scopes: the first one's will do.
  scopes[0]?.listener(name);
}

function assertNotDeleted(scopes: readonly Scope[], name: string): void {
  if (scopes.some((scope) => scope.hasListener(name))) return;
  throw new DomainError(
    "ABORTED",
    "LISTENER_DELETED",
    `listener "${name}" was deleted while a session of it was waited for`,
    {
      field: "listener",
      resource: { type: "listener", name },
    },
  );
}
