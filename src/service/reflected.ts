import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { descriptorSet } from "../gen/descriptor-set.js";

// What gRPC reflection answers, in the wire format of grpc/reflection/v1/reflection.proto, whose field numbers these
// are. The descriptors are passed on as the bytes that they are; of what is in them only the names are read.

const asks = { host: 1, fileNamed: 3, fileWithSymbol: 4, fileWithExtension: 5, extensionsOf: 6, services: 7 } as const;
const answers = { validHost: 1, request: 2, files: 4, extensions: 5, services: 6, error: 7 } as const;
/** Of google.rpc.Code. */
const notFound = 5;

/** An answer as a field of ServerReflectionResponse, and the message in it. */
interface Answer {
  readonly field: number;
  readonly message: BinaryWriter;
}

/** What descriptor.proto has of each kind of declaration: the kinds of declaration within it, by field. */
const within = {
  file: { 4: "message", 5: "enum", 6: "service", 7: "extension" },
  message: { 2: "name", 3: "message", 4: "enum", 6: "extension", 8: "name" },
  enum: { 2: "value" },
  service: { 2: "name" },
  extension: {},
  value: {},
  name: {},
} as const satisfies Record<string, Readonly<Record<number, string>>>;
type Kind = keyof typeof within;

const contract = {
  /** FileDescriptorProto by the file's name, and by the symbols that it declares. */
  files: new Map<string, Uint8Array>(),
  symbols: new Map<string, Uint8Array>(),
  /** The messages, each with the files of its extensions by their numbers. */
  messages: new Map<string, Map<number, Uint8Array>>(),
};
for (const { value: file } of fieldsOf(Buffer.from(descriptorSet, "base64"))) {
  contract.files.set(textOf(file, 1), file);
  learn(file, file, "file", textOf(file, 2));
}

function learn(file: Uint8Array, declaration: Uint8Array, kind: Kind, scope: string): void {
  const inside: Readonly<Record<number, Kind>> = within[kind];
  for (const { field, value } of fieldsOf(declaration)) {
    const found = inside[field];
    if (found === undefined) continue;
    const name = `${scope}.${textOf(value, 1)}`;
    contract.symbols.set(name, file);
    if (found === "message") contract.messages.set(name, contract.messages.get(name) ?? new Map());
    if (found === "extension") learnExtension(file, value);
    // The values of an enum are names beside it.
    learn(file, value, found, found === "enum" ? scope : name);
  }
}

function learnExtension(file: Uint8Array, declaration: Uint8Array): void {
  const extended = textOf(declaration, 2).slice(1);
  const extensions = contract.messages.get(extended) ?? new Map<number, Uint8Array>();
  contract.messages.set(extended, extensions.set(numberOf(declaration, 3), file));
}

/** The ServerReflectionResponse to a ServerReflectionRequest; undefined when it is none that asks for something. */
export function reflect(request: Uint8Array, services: readonly string[]): Uint8Array | undefined {
  let host: Uint8Array = Buffer.alloc(0);
  let answer: Answer | undefined;
  try {
    for (const { field, value } of fieldsOf(request)) {
      if (field === asks.host) host = value;
      else answer = answerTo(field, value, services) ?? answer;
    }
  } catch {
    return undefined;
  }
  if (answer === undefined) return undefined;
  const response = put(put(new BinaryWriter(), answers.validHost, host), answers.request, request);
  return put(response, answer.field, answer.message.finish()).finish();
}

function answerTo(field: number, value: Uint8Array, services: readonly string[]): Answer | undefined {
  const text = Buffer.from(value).toString();
  switch (field) {
    case asks.fileNamed:
      return fileAnswer(contract.files.get(text), `file ${text}`);
    case asks.fileWithSymbol:
      return fileAnswer(contract.symbols.get(text), `symbol ${text}`);
    case asks.fileWithExtension: {
      const [type, number] = [textOf(value, 1), numberOf(value, 2)];
      return fileAnswer(contract.messages.get(type)?.get(number), `extension ${number} of ${type}`);
    }
    case asks.extensionsOf:
      return extensionsAnswer(text);
    case asks.services: {
      const message = new BinaryWriter();
      for (const name of services) put(message, 1, put(new BinaryWriter(), 1, Buffer.from(name)).finish());
      return { field: answers.services, message };
    }
    default:
      return undefined;
  }
}

function fileAnswer(file: Uint8Array | undefined, asked: string): Answer {
  return file === undefined ? missing(asked) : { field: answers.files, message: put(new BinaryWriter(), 1, file) };
}

function extensionsAnswer(type: string): Answer {
  const extensions = contract.messages.get(type);
  if (extensions === undefined) return missing(`message ${type}`);
  const message = put(new BinaryWriter(), 1, Buffer.from(type));
  for (const number of extensions.keys()) message.tag(2, WireType.Varint).int32(number);
  return { field: answers.extensions, message };
}

function missing(asked: string): Answer {
  const message = new BinaryWriter().tag(1, WireType.Varint).int32(notFound);
  return { field: answers.error, message: put(message, 2, Buffer.from(`there is no ${asked} in the contract`)) };
}

function put(message: BinaryWriter, field: number, value: Uint8Array): BinaryWriter {
  return message.tag(field, WireType.LengthDelimited).bytes(value);
}

/** The fields of a message that have a length: texts and messages. */
function* fieldsOf(message: Uint8Array): Generator<{ field: number; value: Uint8Array }> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) yield { field, value: reader.bytes() };
    else reader.skip(wireType, field);
  }
}

function textOf(message: Uint8Array, wanted: number): string {
  for (const { field, value } of fieldsOf(message)) if (field === wanted) return Buffer.from(value).toString();
  return "";
}

function numberOf(message: Uint8Array, wanted: number): number {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === WireType.Varint) return reader.int32();
    reader.skip(wireType, field);
  }
  return 0;
}
