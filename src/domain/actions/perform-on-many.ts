import { DomainError } from "../errors.js";
import { inSlices } from "../in-slices.js";
import type { Session } from "../session.js";
import { type Action, type ActionContext, perform } from "./action.js";

/** A session on which an action could not be performed. */
export interface ActionFailure {
  readonly session: string;
  readonly reason: string;
  readonly message: string;
}

/** What became of an action on many sessions. */
export interface ManyReport {
  readonly targeted: number;
  readonly performed: readonly Session[];
  readonly failures: readonly ActionFailure[];
}

/** Performs an action on many sessions; what fails on one holds up none of the others. */
export async function performOnMany(
  sessions: readonly Session[],
  action: Action,
  context: ActionContext,
): Promise<ManyReport> {
  const performed: Session[] = [];
  const failures: ActionFailure[] = [];
  const bugs: unknown[] = [];
  const performOne = async (session: Session) => {
    try {
      await perform(session, action, context);
      performed.push(session);
    } catch (error) {
      if (!(error instanceof DomainError)) bugs.push(error);
      else failures.push({ session: session.name, reason: error.reason, message: error.message });
    }
  };
  const running: Promise<void>[] = [];
  await inSlices(sessions, (session) => running.push(performOne(session)));
  await Promise.all(running);
  // Only when all are done: an error that nobody awaits yet would end the process. An abort of the caller comes here too.
  if (bugs.length > 0) throw bugs[0];
  return { targeted: sessions.length, performed, failures };
}
