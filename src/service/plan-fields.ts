import { randomBytes } from "node:crypto";
import { invalidField } from "../domain/errors.js";
import type { Limits } from "../domain/limits.js";
import { checkPlan, checkPlans, PlanBytes } from "../domain/plans/check-plan.js";
import type { Choice, Plan, Step, Trigger } from "../domain/plans/plan.js";
import type {
  Plan as PlanMessage,
  Range,
  Step as StepMessage,
  Trigger as TriggerMessage,
} from "../gen/hangup/v1/plan.js";
import { actionOf } from "./action-fields.js";
import { durationMs, exact, minuteMs } from "./fields.js";

// Reads plans as requests have them; what is wrong is named by its path.

const maxPatternBytes = 4096;
const maxChoices = 16;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The plans of a listener. */
export function plansOf(field: string, messages: readonly PlanMessage[], limits: Limits): readonly Plan[] {
  if (messages.length > limits.plans) throw invalidField(field, `${messages.length} plans; at most ${limits.plans}`);
  const bytes = new PlanBytes(limits.planBytes);
  const plans = messages.map((message, index) => planOf(`${field}[${index}]`, message, limits, bytes));
  checkPlans(field, plans);
  return plans;
}

/** A plan; without a seed it gets one. */
export function planOf(
  field: string,
  message: PlanMessage,
  limits: Limits,
  bytes = new PlanBytes(limits.planBytes),
): Plan {
  const { steps } = message;
  if (steps.length === 0) throw invalidField(`${field}.steps`, "a plan needs a step", "MISSING_FIELD");
  if (steps.length > limits.planSteps) {
    throw invalidField(`${field}.steps`, `${steps.length} steps; at most ${limits.planSteps}`);
  }
  const plan: Plan = {
    connections: message.connections,
    // Short enough to be typed again.
    seed: message.seed ?? BigInt(randomBytes(4).readUInt32LE()),
    steps: steps.map((step, index) => stepOf(`${field}.steps[${index}]`, step, limits, bytes)),
  };
  checkPlan(field, plan);
  return plan;
}

/** The name of a signal. */
export function signalName(field: string, name: string): string {
  if (name === "") throw invalidField(field, "required", "MISSING_FIELD");
  if (!namePattern.test(name)) {
    throw invalidField(
      field,
      `${JSON.stringify(name.slice(0, 80))} is no name; use 1 to 63 letters, digits, ".", "_" or "-"`,
    );
  }
  return name;
}

function stepOf(field: string, message: StepMessage, limits: Limits, bytes: PlanBytes): Step {
  const { action, oneOf } = message;
  if (action !== undefined && oneOf.length > 0) {
    throw invalidField(`${field}.one_of`, "not together with action; give one or the other", "CONFLICTING_FIELDS");
  }
  if (oneOf.length > maxChoices)
    throw invalidField(`${field}.one_of`, `${oneOf.length} actions; at most ${maxChoices}`);
  const step = {
    trigger: triggerOf(`${field}.trigger`, message.trigger),
    isChoice: oneOf.length > 0,
    actions:
      oneOf.length > 0
        ? oneOf.map((choice, index) => actionOf(`${field}.one_of[${index}]`, choice, limits))
        : [actionOf(`${field}.action`, action, limits)],
  };
  bytes.add(field, step);
  return step;
}

function triggerOf(field: string, message: TriggerMessage | undefined): Trigger {
  const when = message?.when;
  if (when === undefined) {
    throw invalidField(
      field,
      'required: when shall it act? such as {"bytesReceived":10} or {"accepted":{}}',
      "MISSING_FIELD",
    );
  }
  switch (when.$case) {
    case "accepted":
      return { when: "accepted" };
    case "peerFin":
      return { when: "peer_fin" };
    case "bytesReceived":
      return { when: "bytes_received", count: exactly(`${field}.bytes_received`, when.value) };
    case "bytesSent":
      return { when: "bytes_sent", count: exactly(`${field}.bytes_sent`, when.value) };
    case "bytesReceivedBetween":
      return { when: "bytes_received", count: range(`${field}.bytes_received_between`, when.value) };
    case "bytesSentBetween":
      return { when: "bytes_sent", count: range(`${field}.bytes_sent_between`, when.value) };
    case "patternText":
      return { when: "pattern", bytes: pattern(`${field}.pattern_text`, Buffer.from(when.value, "utf8")) };
    case "patternData":
      return { when: "pattern", bytes: pattern(`${field}.pattern_data`, Buffer.from(when.value)) };
    case "elapsed":
      return { when: "elapsed", ms: durationMs(`${field}.elapsed`, when.value, { default: 0, max: 60 * minuteMs }) };
    case "idle":
      return { when: "idle", ms: durationMs(`${field}.idle`, when.value, { default: 1, min: 1, max: 60 * minuteMs }) };
    case "signal":
      return { when: "signal", name: signalName(`${field}.signal`, when.value) };
  }
}

function exactly(field: string, value: bigint): Choice {
  const count = exact(field, value);
  if (count < 1) throw invalidField(field, "0; use at least 1, or the trigger accepted");
  return { min: count, max: count };
}

function range(field: string, { min, max }: Range): Choice {
  const from = exactly(`${field}.min`, min).min;
  const to = exactly(`${field}.max`, max).max;
  if (to < from) throw invalidField(`${field}.max`, `${to} is less than min, ${from}`);
  return { min: from, max: to };
}

function pattern(field: string, bytes: Buffer): Buffer {
  if (bytes.length === 0 || bytes.length > maxPatternBytes) {
    throw invalidField(field, `${bytes.length} bytes; use 1 to ${maxPatternBytes}`);
  }
  return bytes;
}
