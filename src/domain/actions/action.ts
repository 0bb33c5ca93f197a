import type { BehaviourSpec } from "../behaviours/spec.js";
import type { Limits } from "../limits.js";
import type { Throttle } from "../outbox.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import type { BlackHole } from "../session-view.js";
import { blackHole } from "./black-hole.js";
import { close } from "./close.js";
import { delay } from "./delay.js";
import { finThenReset } from "./fin-then-reset.js";
import { halfClose } from "./half-close.js";
import { heal } from "./heal.js";
import { lastData } from "./last-data.js";
import { linger } from "./linger.js";
import { pause } from "./pause.js";
import { reset } from "./reset.js";
import { resetUnread } from "./reset-unread.js";
import { resume } from "./resume.js";
import { send } from "./send.js";
import { sendUrgent } from "./send-urgent.js";
import { setBehaviour } from "./set-behaviour.js";
import { throttle } from "./throttle.js";
import { vanish } from "./vanish.js";

/** One verb on a session, with what it needs; times in ms. */
export type Action =
  | { readonly verb: "close"; readonly flushTimeoutMs: number; readonly drainTimeoutMs: number }
  | { readonly verb: "half_close"; readonly flushTimeoutMs: number }
  | {
      readonly verb: "reset";
      readonly afterFlush: boolean;
      readonly discardedData: Buffer | undefined;
      readonly flushTimeoutMs: number;
    }
  | { readonly verb: "linger"; readonly timeoutMs: number; readonly drainTimeoutMs: number }
  | { readonly verb: "reset_unread"; readonly timeoutMs: number }
  | { readonly verb: "fin_then_reset"; readonly flushTimeoutMs: number }
  | {
      readonly verb: "last_data";
      readonly data: Buffer;
      readonly flushTimeoutMs: number;
      readonly drainTimeoutMs: number;
    }
  | { readonly verb: "vanish" | "heal" | "pause" | "resume" }
  | { readonly verb: "black_hole"; readonly direction: BlackHole }
  | { readonly verb: "throttle"; readonly throttle: Throttle | undefined }
  | { readonly verb: "delay"; readonly delayMs: number }
  | { readonly verb: "send" | "send_urgent"; readonly data: Buffer; readonly flushTimeoutMs: number }
  | { readonly verb: "set_behaviour"; readonly behaviour: BehaviourSpec };

/** The names of the catalogue: in the contract, the files, the command line, the tests and the manual. */
export type ActionName = Action["verb"];

/** Whether it may wait for something before it is done: a place among the calls that wait is for those. */
export function mayWait(action: Action): boolean {
  if (action.verb === "reset" && !action.afterFlush) return false;
  if ("timeoutMs" in action) return action.timeoutMs > 0;
  return "flushTimeoutMs" in action && action.flushTimeoutMs > 0;
}

/** Who asks, and until when. */
export interface ActionContext {
  readonly cause: Cause;
  readonly limits: Limits;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Performs an action. It takes effect in the moment of the call, unless it has to wait for something first; resolves
 * when its page in the manual says that it answers.
 *
 * @throws DomainError as the action's own file says.
 */
export async function perform(session: Session, action: Action, context: ActionContext): Promise<void> {
  const { cause, limits, signal } = context;
  switch (action.verb) {
    case "close":
      return close(session, cause, { ...action, signal });
    case "half_close":
      return halfClose(session, cause, { ...action, signal });
    case "reset":
      return reset(session, cause, { ...action, signal });
    case "linger":
      return linger(session, cause, { ...action, signal });
    case "reset_unread":
      return resetUnread(session, cause, { ...action, signal });
    case "fin_then_reset":
      return finThenReset(session, cause, { ...action, signal });
    case "last_data":
      return lastData(session, cause, action.data, { ...action, signal });
    case "vanish":
      return vanish(session, cause);
    case "black_hole":
      return blackHole(session, cause, action.direction);
    case "heal":
      return heal(session, cause);
    case "pause":
      return pause(session, cause);
    case "resume":
      return resume(session, cause);
    case "throttle":
      return throttle(session, cause, action.throttle);
    case "delay":
      return delay(session, cause, action.delayMs);
    case "send":
      return send(session, cause, action.data, limits, { ...action, signal });
    case "send_urgent":
      return sendUrgent(session, cause, action.data, { ...action, signal });
    case "set_behaviour":
      return setBehaviour(session, cause, action.behaviour);
  }
}
