import { readFile } from "node:fs/promises";
import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType, toBinary } from "@bufbuild/protobuf";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { CommandError } from "./command-error.js";
import { contract } from "./contract.js";

// A message of the contract in a file that people write: YAML 1.2, and so JSON too, in the JSON mapping of protobuf.
// Stricter than the mapping: what is not known, or has no value, is an error, which names its line and its path.

/** A message that was read from a file. */
export interface MessageFile {
  /** In the binary form. */
  readonly bytes: Uint8Array;
  /** What is wrong with a field, which may be missing: names the line of the nearest one that is there. */
  readonly errorAt: (path: string, message: string, reason: string) => CommandError;
}

/**
 * Reads a message. `shape` may turn what stands at the top of the file into a field of the message.
 *
 * @throws CommandError
 */
export async function readMessageFile(file: string, type: string, shape?: Shape): Promise<MessageFile> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(error.code ?? "UNREADABLE_FILE", `${file} cannot be read: ${error.message}`);
  });
  const lines = new LineCounter();
  // Whole numbers can be larger than a double is exact.
  const document = parseDocument(text, { lineCounter: lines, intAsBigInt: true, prettyErrors: false });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined) {
    const { line } = lines.linePos(wrong.pos[0]);
    throw new CommandError("INVALID_FILE", `${file}:${line}: ${wrong.message.replaceAll(/\s+/g, " ")}`);
  }
  const message = contract().getMessage(type);
  if (message === undefined) throw new Error(`no message ${type} in the contract`);
  const reader = new Reader(file, lines, (alias) => alias.resolve(document));
  const json = reader.top(message, document.contents, shape);
  return {
    bytes: toBinary(message, fromJson(message, json, { registry: contract() })),
    errorAt: (path, why, reason) => reader.error(path, why, reason),
  };
}

/** Where what stands at the top of the file belongs in the message. */
export type Shape = (top: { readonly isList: boolean }) => { readonly field: string; readonly wrap: boolean };

type Json = JsonValue;
type Resolve = (alias: Extract<Node, { source: string }>) => Node | undefined;

/** Goes through a file and the description of its message side by side. */
class Reader {
  /** By paths without regard to how they are spelled: on which line, and how the file spells it. */
  private readonly places = new Map<string, { readonly line: number; readonly spelled: string }>();

  constructor(
    private readonly file: string,
    private readonly lines: LineCounter,
    private readonly resolve: Resolve,
  ) {}

  top(type: DescMessage, contents: Node | null, shape?: Shape): Json {
    const node = this.resolved(contents);
    if (shape === undefined) return this.message(type, node, "");
    const { field: name, wrap } = shape({ isList: isSeq(node) });
    const field = fieldOf(type, name);
    if (field === undefined) throw new Error(`${type.typeName} has no field ${name}`);
    const json = wrap
      ? [this.element(field, node, this.at(`${name}[0]`, node))]
      : this.value(field, node, this.at(name, node));
    return { [field.jsonName]: json };
  }

  error(path: string, why: string, reason = "INVALID_FIELD"): CommandError {
    for (
      let end = path.length;
      end > 0;
      end = Math.max(path.lastIndexOf(".", end - 1), path.lastIndexOf("[", end - 1))
    ) {
      const place = this.places.get(anySpelling(path.slice(0, end)));
      if (place !== undefined) {
        const rest = path.slice(end).replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        return this.complaint(place.line, `${place.spelled}${rest}`, why, reason);
      }
    }
    return this.complaint(1, path, why, reason);
  }

  private complaint(line: number, path: string, why: string, reason: string): CommandError {
    return new CommandError(reason, `${this.file}:${line}: ${path === "" ? "" : `${path}: `}${why}`);
  }

  /** Notes where a path is, and gives it back. */
  private at(path: string, node: Node | null | undefined): string {
    const { line } = this.lines.linePos(node?.range?.[0] ?? 0);
    this.places.set(anySpelling(path), { line: Math.max(line, 1), spelled: path });
    return path;
  }

  private resolved(node: unknown): Node | undefined {
    const found = node as Node | null | undefined;
    return isAlias(found) ? this.resolve(found) : (found ?? undefined);
  }

  private message(type: DescMessage, node: Node | undefined, path: string): Json {
    const json: Record<string, Json> = {};
    const chosen = new Map<string, string>();
    for (const { key, path: where, value } of this.pairs(node, path, `fields of ${type.name}: ${fieldNames(type)}`)) {
      const field = fieldOf(type, key);
      if (field === undefined) throw this.error(where, `unknown field; known: ${fieldNames(type)}`);
      const slot = field.oneof?.name ?? field.name;
      const other = chosen.get(slot);
      if (other !== undefined)
        throw this.error(where, `not together with ${other}; give one of them`, "CONFLICTING_FIELDS");
      chosen.set(slot, key);
      json[field.jsonName] = this.value(field, value, where);
    }
    return json;
  }

  private value(field: DescField, node: Node | undefined, path: string): Json {
    if (field.fieldKind === "list") {
      if (!isSeq(node)) throw this.error(path, `${shown(node)}; use a list`);
      return node.items.map((item, index) => {
        const element = this.resolved(item);
        return this.element(field, element, this.at(`${path}[${index}]`, item as Node));
      });
    }
    if (field.fieldKind === "map") {
      return Object.fromEntries(
        this.pairs(node, path, "names and values").map(({ key, path: where, value }) => {
          const json = plain(value);
          this.check(field, { [key]: json }, value, where);
          return [key, json];
        }),
      );
    }
    return this.element(field, node, path);
  }

  /** A single value: of the field, or one of its list. */
  private element(field: DescField, node: Node | undefined, path: string): Json {
    const { message } = field;
    if (message !== undefined && !isWellKnown(message)) return this.message(message, node, path);
    const json = plain(node);
    this.check(field, field.fieldKind === "list" ? [json] : json, node, path);
    return json;
  }

  /** The library knows what each type takes; what it says of it is for programmers. */
  private check(field: DescField, json: Json, node: Node | undefined, path: string): void {
    try {
      if (plain(node) === null) throw new Error("no value");
      fromJson(field.parent, { [field.jsonName]: json }, { registry: contract() });
    } catch {
      throw this.error(path, `${shown(node)}; use ${expected(field)}`);
    }
  }

  private pairs(
    node: Node | undefined,
    path: string,
    use: string,
  ): { key: string; path: string; value: Node | undefined }[] {
    if (!isMap(node)) throw this.error(path, `${shown(node)}; use ${use}`);
    return node.items.map(({ key: name, value }) => {
      const key = isScalar(name) ? String(name.value) : "";
      return { key, path: this.at(path === "" ? key : `${path}.${key}`, name as Node), value: this.resolved(value) };
    });
  }
}

/** `bytesReceived` or `bytes_received`, as the mapping allows. */
function fieldOf(type: DescMessage, key: string): DescField | undefined {
  return type.fields.find(({ jsonName, name }) => jsonName === key || name === key);
}

function fieldNames(type: DescMessage): string {
  return type.fields.map(({ jsonName }) => jsonName).join(", ") || "none, write {}";
}

function anySpelling(path: string): string {
  return path.replaceAll("_", "").toLowerCase();
}

/** Messages that the mapping writes as one text. */
function isWellKnown({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

function plain(node: Node | undefined): Json {
  if (!isScalar(node)) return node === undefined ? null : (node.toJSON() as Json);
  const { value } = node;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return (value ?? null) as Json;
}

function shown(node: Node | undefined): string {
  if (isMap(node)) return "has fields";
  if (isSeq(node)) return "is a list";
  const json = plain(node);
  return json === null ? "has no value" : JSON.stringify(json).slice(0, 80);
}

function expected(field: DescField): string {
  const { enum: names, message } = field;
  if (names !== undefined)
    return names.values
      .filter(({ number }) => number !== 0)
      .map(({ name }) => name)
      .join(", ");
  if (message !== undefined)
    return message.name === "Duration" ? "a duration in seconds, such as 0.5s" : `a ${message.name}`;
  // All others of the contract are whole numbers.
  if (field.scalar === ScalarType.STRING) return "text, in quotes where it looks like something else";
  if (field.scalar === ScalarType.BOOL) return "true or false";
  if (field.scalar === ScalarType.BYTES) return "bytes in base64";
  return "a whole number, not negative";
}
