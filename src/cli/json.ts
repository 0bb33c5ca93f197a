/** What ts-proto has for each message. */
export interface JsonMapping<Message> {
  toJSON(message: Message): unknown;
}

/** A message on one line in the JSON mapping of protobuf (ProtoJSON). */
export function jsonLine<Message>(mapping: JsonMapping<Message>, message: Message): string {
  return `${JSON.stringify(exactJson(mapping, message))}\n`;
}

/** A message in the JSON mapping of protobuf. */
export function exactJson<Message>(mapping: JsonMapping<Message>, message: Message): unknown {
  return withExactTimes(message, mapping.toJSON(message));
}

/**
 * toJSON cuts times to milliseconds, and writes durations as objects; the mapping has both to the nanosecond, as
 * strings. Goes through message and JSON side by side.
 */
function withExactTimes(value: unknown, json: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(json)) return json.map((item, at) => withExactTimes(value[at], item));
  if (!isRecord(value)) return json;
  if (typeof value["seconds"] === "bigint" && typeof value["nanos"] === "number") {
    const { seconds, nanos } = value as { seconds: bigint; nanos: number };
    return typeof json === "string" ? rfc3339(seconds, nanos) : `${seconds}${fraction(nanos)}s`;
  }
  if (!isRecord(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, item]) => [key, withExactTimes(fieldOf(value, key), item)]),
  );
}

/** A oneof is a field in JSON, and a case with a value in the message. */
function fieldOf(message: Record<string, unknown>, key: string): unknown {
  if (key in message) return message[key];
  const chosen = Object.values(message).find((field) => isRecord(field) && field["$case"] === key);
  return isRecord(chosen) ? chosen["value"] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

/** `2026-11-22T10:00:00.123456789Z`, with 0, 3, 6 or 9 digits, as ProtoJSON has it. */
export function rfc3339(seconds: bigint, nanos: number): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, "2026-11-22T10:00:00".length);
  return `${whole}${fraction(nanos)}Z`;
}

function fraction(nanos: number): string {
  if (nanos === 0) return "";
  return `.${String(nanos)
    .padStart(9, "0")
    .replace(/(?:000){1,2}$/, "")}`;
}
