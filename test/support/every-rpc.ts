import { Client, type ClientDuplexStream, credentials, type Metadata, status } from "@grpc/grpc-js";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSet } from "../../src/gen/descriptor-set.js";
import { reflectionDefinitions } from "../../src/service/reflection.js";

/** A method of a daemon. */
export interface Rpc {
  /** `/hangup.v1.SessionService/GetSession` */
  readonly path: string;
  readonly clientStreams: boolean;
}

/** Every method of every service that a daemon has, as its descriptors tell; that of Shutdown last. */
export function everyRpc(): readonly Rpc[] {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptorSet, "base64"));
  const described = file.flatMap(({ package: name, service }) =>
    service.flatMap(({ name: noun, method }) =>
      method.map((rpc) => ({ path: `/${name}.${noun}/${rpc.name}`, clientStreams: rpc.clientStreaming })),
    ),
  );
  const reflection = reflectionDefinitions.map((definition) => ({
    path: definition.serverReflectionInfo.path as string,
    clientStreams: true,
  }));
  const all = [...described.filter(({ path }) => !path.startsWith("/grpc.reflection.")), ...reflection];
  const isLast = ({ path }: Rpc) => (path.endsWith("/Shutdown") ? 1 : 0);
  return all.toSorted((a, b) => isLast(a) - isLast(b));
}

/** What a call is answered with first: a message, or the status that it ends with. */
export interface Answer {
  /** `OK` too when a message came. */
  readonly code: string;
  readonly metadata: Metadata | undefined;
  readonly details: string;
}

const bytes = (value: Buffer) => value;

/**
 * Calls a method with an empty message, and gives what is answered first. The call is made as one of bytes both ways,
 * which all kinds of calls are on the wire; with `silent` no message is sent at all.
 */
export async function ask(client: Client, rpc: Rpc, metadata: Metadata, { silent = false } = {}): Promise<Answer> {
  const deadline = new Date(Date.now() + 10_000);
  const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(rpc.path, bytes, bytes, metadata, {
    deadline,
  });
  // What its status tells as well.
  call.on("error", () => undefined);
  const answer = new Promise<Answer>((resolve) => {
    call.once("data", () => resolve({ code: "OK", metadata: undefined, details: "" }));
    call.once("status", ({ code, metadata: trailer, details }) =>
      resolve({ code: status[code] ?? String(code), metadata: trailer, details }),
    );
  });
  if (!silent) {
    call.write(Buffer.alloc(0));
    if (!rpc.clientStreams) call.end();
  }
  try {
    return await answer;
  } finally {
    call.cancel();
  }
}

/** Calls every method in its turn, without credentials, over clear text: the code of each answer by its path. */
export async function askEvery(address: string, metadata: Metadata): Promise<Record<string, string>> {
  const client = new Client(address, credentials.createInsecure());
  try {
    const codes: Record<string, string> = {};
    for (const rpc of everyRpc()) codes[rpc.path] = (await ask(client, rpc, metadata)).code;
    return codes;
  } finally {
    client.close();
  }
}
