import type { Action } from "../domain/actions/action.js";
import type { BehaviourSpec } from "../domain/behaviours/spec.js";
import { invalidField } from "../domain/errors.js";
import type { Limits } from "../domain/limits.js";
import type { Throttle } from "../domain/outbox.js";
import { SeededBytes } from "../domain/seeded-bytes.js";
import { defaultDrainTimeoutMs } from "../domain/session.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import {
  type Action as ActionMessage,
  BlackHoleAction_Direction,
  type SendAction,
  type ThrottleAction,
} from "../gen/hangup/v1/action.js";
import type { Behaviour } from "../gen/hangup/v1/behaviour.js";
import { durationMs, enumName, exact, minuteMs } from "./fields.js";

// Reads actions and behaviours as requests have them.

const kib = 1024;
const maxBytesPerSecond = 10_000_000_000;

/** An action; `field` is where it stands in the request. */
export function actionOf(field: string, message: ActionMessage | undefined, limits: Limits): Action {
  const verb = message?.verb;
  if (verb === undefined) {
    throw invalidField(field, 'required: one of its verbs, such as {"reset":{}}', "MISSING_FIELD");
  }
  switch (verb.$case) {
    case "close":
      return {
        verb: "close",
        flushTimeoutMs: flushTimeout(`${field}.close.flush_timeout`, verb.value.flushTimeout),
        drainTimeoutMs: drainTimeout(`${field}.close.drain_timeout`, verb.value.drainTimeout),
      };
    case "halfClose":
      return {
        verb: "half_close",
        flushTimeoutMs: flushTimeout(`${field}.half_close.flush_timeout`, verb.value.flushTimeout),
      };
    case "reset": {
      const { afterFlush, discardedData } = verb.value;
      if (afterFlush && discardedData.length > 0) {
        throw invalidField(`${field}.reset.discarded_data`, "not together with after_flush", "CONFLICTING_FIELDS");
      }
      return {
        verb: "reset",
        afterFlush,
        discardedData:
          discardedData.length === 0 ? undefined : bytes(`${field}.reset.discarded_data`, discardedData, 64 * kib),
        flushTimeoutMs: flushTimeout(`${field}.reset.flush_timeout`, verb.value.flushTimeout),
      };
    }
    case "linger":
      return {
        verb: "linger",
        timeoutMs: durationMs(`${field}.linger.timeout`, verb.value.timeout, { default: 1000, max: 5 * minuteMs }),
        drainTimeoutMs: drainTimeout(`${field}.linger.drain_timeout`, verb.value.drainTimeout),
      };
    case "resetUnread":
      return {
        verb: "reset_unread",
        timeoutMs: durationMs(`${field}.reset_unread.timeout`, verb.value.timeout, {
          default: 5000,
          max: 5 * minuteMs,
        }),
      };
    case "finThenReset":
      return {
        verb: "fin_then_reset",
        flushTimeoutMs: flushTimeout(`${field}.fin_then_reset.flush_timeout`, verb.value.flushTimeout),
      };
    case "lastData":
      return {
        verb: "last_data",
        data: payload(`${field}.last_data`, verb.value.payload, 64 * kib),
        flushTimeoutMs: flushTimeout(`${field}.last_data.flush_timeout`, verb.value.flushTimeout),
        drainTimeoutMs: drainTimeout(`${field}.last_data.drain_timeout`, verb.value.drainTimeout),
      };
    case "vanish":
    case "heal":
    case "pause":
    case "resume":
      return { verb: verb.$case };
    case "blackHole":
      return {
        verb: "black_hole",
        direction:
          enumName<"INBOUND" | "BOTH">(
            `${field}.black_hole.direction`,
            BlackHoleAction_Direction,
            verb.value.direction,
          ) ?? "INBOUND",
      };
    case "throttle":
      return { verb: "throttle", throttle: throttleOf(`${field}.throttle`, verb.value) };
    case "delay":
      return {
        verb: "delay",
        delayMs: durationMs(`${field}.delay.duration`, verb.value.duration, { default: 0, max: 5 * minuteMs }),
      };
    case "send":
      return {
        verb: "send",
        data: sendData(`${field}.send`, verb.value, limits.dataBytes),
        flushTimeoutMs: flushTimeout(`${field}.send.flush_timeout`, verb.value.flushTimeout),
      };
    case "sendUrgent":
      return {
        verb: "send_urgent",
        data: payload(`${field}.send_urgent`, verb.value.payload, kib),
        flushTimeoutMs: flushTimeout(`${field}.send_urgent.flush_timeout`, verb.value.flushTimeout),
      };
    case "setBehaviour": {
      const { behaviour } = verb.value;
      const path = `${field}.set_behaviour.behaviour`;
      const spec = behaviourOf(path, behaviour, undefined);
      if (spec === undefined) throw invalidField(path, 'required, such as {"echo":{}}', "MISSING_FIELD");
      return { verb: "set_behaviour", behaviour: spec };
    }
  }
}

/** A behaviour; `kind` is the default of the place, without which one must be given. */
export function behaviourOf(
  field: string,
  message: Behaviour | undefined,
  kind: "echo" | "manual" | undefined,
): BehaviourSpec | undefined {
  const given = kindOf(field, message) ?? (kind === undefined ? undefined : ({ name: kind } as const));
  if (given === undefined) return undefined;
  const banner = message?.banner;
  if (banner === undefined) return { kind: given };
  const name = banner.$case === "bannerText" ? "banner_text" : "banner_data";
  return { kind: given, banner: bytes(`${field}.${name}`, Buffer.from(banner.value as string), 64 * kib) };
}

function kindOf(field: string, message: Behaviour | undefined): BehaviourSpec["kind"] | undefined {
  const kind = message?.kind;
  if (kind === undefined) return undefined;
  if (kind.$case !== "source") return { name: kind.$case };
  const { bytes: count, seed, bytesPerSecond } = kind.value;
  return {
    name: "source",
    bytes: exact(`${field}.source.bytes`, count),
    seed,
    bytesPerSecond: rate(`${field}.source.bytes_per_second`, bytesPerSecond),
  };
}

/** How long a flush may take. */
export function flushTimeout(field: string, value: Duration | undefined): number {
  return durationMs(field, value, { default: 5000, max: 5 * minuteMs });
}

/** How long a peer may take to end too. */
export function drainTimeout(field: string, value: Duration | undefined): number {
  return durationMs(field, value, { default: defaultDrainTimeoutMs, max: 5 * minuteMs });
}

/** Bytes as text or as they are; at least one. */
export function payload(
  field: string,
  value: { $case: "text"; value: string } | { $case: "data"; value: Uint8Array } | undefined,
  max: number,
): Buffer {
  if (value === undefined || value.value.length === 0) {
    const path = field === "" ? "payload" : `${field}.payload`;
    throw invalidField(path, "give text or data, at least one byte", "MISSING_FIELD");
  }
  const path = field === "" ? value.$case : `${field}.${value.$case}`;
  return bytes(path, value.$case === "text" ? Buffer.from(value.value, "utf8") : value.value, max);
}

function bytes(field: string, value: Uint8Array, max: number): Buffer {
  if (value.length > max) throw invalidField(field, `${value.length} bytes; at most ${max}`);
  return Buffer.from(value);
}

function throttleOf(field: string, value: ThrottleAction): Throttle | undefined {
  const bytesPerSecond = rate(`${field}.bytes_per_second`, value.bytesPerSecond);
  const pauseMs = durationMs(`${field}.pause`, value.pause, { default: 0, max: minuteMs });
  if (value.chunkBytes > 64 * kib)
    throw invalidField(`${field}.chunk_bytes`, `${value.chunkBytes}; use 1 to ${64 * kib}`);
  if (bytesPerSecond === 0 && pauseMs === 0 && value.chunkBytes === 0) return undefined;
  return { bytesPerSecond, pauseMs, chunkBytes: value.chunkBytes === 0 ? kib : value.chunkBytes };
}

function rate(field: string, value: bigint): number {
  if (value > BigInt(maxBytesPerSecond)) throw invalidField(field, `${value}; at most ${maxBytesPerSecond}`);
  return Number(value);
}

function sendData(field: string, value: SendAction, max: number): Buffer {
  const repeat = value.repeat === 0 ? 1 : value.repeat;
  const chosen = value.payload;
  if (chosen?.$case === "random") {
    const count = chosen.value.bytes;
    if (count < 1 || count * repeat > max)
      throw invalidField(`${field}.random.bytes`, `${count}; use 1 to ${max} in all`);
    const random = new SeededBytes(chosen.value.seed);
    return random.next(count * repeat);
  }
  const once = payload(field, chosen, max);
  if (once.length * repeat > max)
    throw invalidField(`${field}.repeat`, `${once.length * repeat} bytes in all; at most ${max}`);
  return repeat === 1 ? once : Buffer.concat(Array.from({ length: repeat }, () => once));
}
