import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient, Status } from "nice-grpc";
import { reflectionDefinitions } from "../../src/service/reflection.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon();
});
afterAll(async () => daemon.stop());

/** A ServerReflectionRequest with one text in it, from a host that is named. */
function ask(field: number, text: string): Uint8Array {
  return new BinaryWriter().tag(1, 2).string("here").tag(field, 2).string(text).finish();
}

const fileNamed = (name: string) => ask(3, name);
const fileWithSymbol = (symbol: string) => ask(4, symbol);
const extensionsOf = (type: string) => ask(6, type);
const fileWithExtension = (type: string, number: number) =>
  new BinaryWriter()
    .tag(5, 2)
    .bytes(new BinaryWriter().tag(1, 2).string(type).tag(2, 0).int32(number).finish())
    .finish();

/** The fields of a message by number; those with a length as bytes. */
function fieldsOf(message: Uint8Array): Record<number, Buffer | number> {
  const reader = new BinaryReader(message);
  const fields: Record<number, Buffer | number> = {};
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    fields[field] = wireType === WireType.Varint ? reader.int32() : Buffer.from(reader.bytes());
  }
  return fields;
}

async function replies(...requests: Uint8Array[]): Promise<Record<number, Buffer | number>[]> {
  const [definition] = reflectionDefinitions;
  const client = createClient(definition, daemon.channel);
  async function* stream() {
    yield* requests.map((request) => Buffer.from(request));
  }
  const all = [];
  for await (const reply of client.serverReflectionInfo(stream())) all.push(fieldsOf(reply));
  return all;
}

/** The name of the file in a reply, or the error in it. */
function fileIn(reply: Record<number, Buffer | number> | undefined): unknown {
  const { 4: files, 7: error } = reply ?? {};
  if (Buffer.isBuffer(error)) {
    const { 1: code, 2: message } = fieldsOf(error);
    return { code, message: String(message) };
  }
  if (!Buffer.isBuffer(files)) throw new Error("neither a file nor an error");
  return fromBinary(FileDescriptorProtoSchema, fieldsOf(files)[1] as Buffer).name;
}

test("a reply names the host and has the request that it answers", async () => {
  const request = fileNamed("hangup/v1/session.proto");
  const [reply] = await replies(request);
  expect(String(reply?.[1])).toBe("here");
  expect(reply?.[2]).toEqual(Buffer.from(request));
});

test.each([
  ["a file", fileNamed("google/rpc/error_details.proto"), "google/rpc/error_details.proto"],
  ["a message", fileWithSymbol("hangup.v1.Session"), "hangup/v1/session.proto"],
  ["a nested type", fileWithSymbol("google.rpc.BadRequest.FieldViolation"), "google/rpc/error_details.proto"],
  ["a service", fileWithSymbol("grpc.health.v1.Health"), "grpc/health/v1/health.proto"],
  ["a method", fileWithSymbol("hangup.v1.DaemonService.GetInfo"), "hangup/v1/daemon.proto"],
  ["a field", fileWithSymbol("hangup.v1.GetSessionRequest.session"), "hangup/v1/session.proto"],
  [
    "a value of a nested enum",
    fileWithSymbol("grpc.health.v1.HealthCheckResponse.SERVING"),
    "grpc/health/v1/health.proto",
  ],
])("%s gives the file that declares it", async (_, request, file) => {
  const [reply] = await replies(request);
  expect(fileIn(reply)).toBe(file);
});

test.each([
  ["file", fileNamed("hangup/v1/sessions.proto")],
  ["symbol", fileWithSymbol("hangup.v1.Sessions")],
  ["method", fileWithSymbol("hangup.v1.DaemonService.GetInfos")],
  ["field", fileWithSymbol("hangup.v1.GetSessionRequest.sessions")],
  ["symbol that is empty", fileWithSymbol("")],
  ["extension", fileWithExtension("hangup.v1.Session", 1000)],
  ["extension of an unknown type", fileWithExtension("hangup.v1.Sessions", 1)],
  ["type for its extensions", extensionsOf("hangup.v1.Sessions")],
])("an unknown %s is NOT_FOUND, and the next question is answered", async (_, request) => {
  const [first, second] = await replies(request, fileWithSymbol("hangup.v1.Session"));
  expect(fileIn(first)).toEqual({ code: Status.NOT_FOUND, message: expect.stringContaining("in the contract") });
  expect(fileIn(second)).toBe("hangup/v1/session.proto");
});

test("a message without extensions has none", async () => {
  const [reply] = await replies(extensionsOf("hangup.v1.Session"));
  expect(fieldsOf(reply?.[5] as Buffer)).toEqual({ 1: Buffer.from("hangup.v1.Session") });
});

test.each([
  ["that asks for nothing", Buffer.alloc(0)],
  ["that is cut off", Buffer.of(0x3a, 5, 1)],
])("a request %s is INVALID_ARGUMENT", async (_, request) => {
  await expect(replies(request)).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
});
