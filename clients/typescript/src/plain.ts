import type { Duration } from "../../../src/gen/google/protobuf/duration.js";
import { Action as ActionMessage } from "../../../src/gen/hangup/v1/action.js";
import { Behaviour as BehaviourMessage } from "../../../src/gen/hangup/v1/behaviour.js";
import { Plan as PlanMessage } from "../../../src/gen/hangup/v1/plan.js";
import { HangupError } from "./hangup-error.js";

// Actions, behaviours and plans as the manual writes them: in the JSON mapping of the contract, bytes as they are.

/** A length of time in seconds, such as `"0.5s"`. */
export type DurationText = `${number}s`;

/** A message as the manual writes it: a choice is a field of its name, a duration a text, all fields are optional. */
export type Plain<Message> = Message extends bigint
  ? number | bigint
  : Message extends Uint8Array
    ? Uint8Array
    : Message extends Duration
      ? DurationText
      : Message extends readonly (infer Item)[]
        ? readonly Plain<Item>[]
        : Message extends object
          ? PlainFields<Message>
          : Message;

/** A choice of the contract, as the generated code has it. */
interface Choice {
  readonly $case: string;
  readonly value: unknown;
}

type ChoicesOf<Message> = {
  [Field in keyof Message]: NonNullable<Message[Field]> extends Choice ? NonNullable<Message[Field]> : never;
}[keyof Message];

type PlainFields<Message> = {
  readonly [Field in keyof Message as NonNullable<Message[Field]> extends Choice
    ? never
    : Field]?: Field extends "direction" ? "INBOUND" | "BOTH" : Plain<Message[Field]>;
} & {
  readonly [One in Extract<ChoicesOf<Message>, Choice> as One["$case"]]?: Plain<One["value"]>;
};

/** One verb: `{ close: {} }`, `{ reset: { afterFlush: true } }`, `{ linger: { timeout: "0.2s" } }`; see docs/actions. */
export type Action = Plain<ActionMessage>;
/** What a session does with bytes: `{ echo: {} }`, `{ silent: {} }`, `{ manual: {} }`; see docs/behaviours.md. */
export type Behaviour = Plain<BehaviourMessage>;
/** Steps, each a trigger and an action, armed before the connection exists; see docs/plans.md. */
export type Plan = Plain<PlanMessage>;

/** The message of an action. */
export function actionMessage(action: Action): ActionMessage {
  return ActionMessage.fromJSON(toJson(action));
}

/** The message of a behaviour. */
export function behaviourMessage(behaviour: Behaviour): BehaviourMessage {
  return BehaviourMessage.fromJSON(toJson(behaviour));
}

/** The message of a plan. */
export function planMessage(plan: Plan): PlanMessage {
  return PlanMessage.fromJSON(toJson(plan));
}

/** The fields that are durations. Where their names stand for something else too, that is a message and no text. */
export const durationFields: ReadonlySet<string> = new Set([
  "drainTimeout",
  "duration",
  "elapsed",
  "flushTimeout",
  "idle",
  "pause",
  "timeout",
]);

/** What fromJSON reads: it takes durations only as the messages that they are, and bytes as base64. */
function toJson(value: unknown, field = ""): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner, name)]));
  }
  return typeof value === "string" && durationFields.has(field) ? durationOf(value, field) : value;
}

function durationOf(text: string, field: string): Duration {
  const [, seconds, fraction = ""] = /^(\d+)(?:\.(\d{1,9}))?s$/.exec(text) ?? [];
  if (seconds === undefined) {
    throw new HangupError(
      "INVALID_ARGUMENT",
      "INVALID_REQUEST",
      `${field}: ${JSON.stringify(text)} is no duration: use a text such as "1.5s"`,
    );
  }
  return { seconds: BigInt(seconds), nanos: Number(fraction.padEnd(9, "0")) };
}

/** The duration of so many ms. */
export function milliseconds(ms: number): Duration {
  if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) {
    throw new HangupError("INVALID_ARGUMENT", "INVALID_REQUEST", `${ms} is no time in milliseconds`);
  }
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
