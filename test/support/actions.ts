import { Action } from "../../src/gen/hangup/v1/action.js";
import { PerformActionResponse, Session, Session_View } from "../../src/gen/hangup/v1/session.js";
import type { TestDaemon } from "./daemon.js";

/** An action in the JSON of the contract; durations as objects, see `ms` in `daemon.ts`. */
export type ActionJson = Readonly<Record<string, unknown>>;

/** Performs an action on one session, and gives its receipt, if there is one by then, in the JSON of the contract. */
export async function perform(
  daemon: TestDaemon,
  session: string,
  action: ActionJson,
): Promise<Record<string, unknown> | undefined> {
  const reply = await daemon.sessions.performAction({ session, action: Action.fromJSON(action) });
  expect(reply).toMatchObject({ targeted: 1n, performed: 1n, failures: [] });
  const { receipts = [] } = PerformActionResponse.toJSON(reply) as { receipts?: Record<string, unknown>[] };
  return receipts[0];
}

/** A session in the JSON of the contract, all of it. */
export async function look(daemon: TestDaemon, session: string): Promise<Record<string, unknown>> {
  const reply = await daemon.sessions.getSession({ session, view: Session_View.FULL });
  return Session.toJSON(reply.session!) as Record<string, unknown>;
}

/** Leaves `text` in the daemon, behind a throttle that lets one byte go and then waits a minute. */
export async function holdBack(daemon: TestDaemon, session: string, text: string): Promise<void> {
  await perform(daemon, session, { throttle: { chunkBytes: 1, pause: { seconds: "60", nanos: 0 } } });
  const payload = { $case: "text", value: text } as const;
  await daemon.sessions.sendData({ session, payload, flushTimeout: { seconds: 0n, nanos: 0 } }).catch(() => undefined);
  const { session: standing } = await daemon.sessions.getSession({ session });
  expect(standing?.unsentBytes).toBeGreaterThan(0n);
}
