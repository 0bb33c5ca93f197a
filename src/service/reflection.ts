import { ServerError, Status } from "nice-grpc";

// gRPC reflection. What answers is loaded at the first call: most callers never ask. So its messages pass through here
// as the bytes that they are.

const bytes = (value: Uint8Array) => Buffer.from(value);

function definition(version: "v1" | "v1alpha") {
  return {
    serverReflectionInfo: {
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
      options: {},
    },
  } as const;
}

/** The two versions of the service; their messages are the same on the wire. */
export const reflectionDefinitions = [definition("v1"), definition("v1alpha")] as const;

/** Answers for the services named. */
export function reflectionService(services: readonly string[]) {
  return {
    async *serverReflectionInfo(requests: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
      const { reflect } = await import("./reflected.js");
      for await (const request of requests) {
        const response = reflect(request, services);
        if (response === undefined) throw new ServerError(Status.INVALID_ARGUMENT, "not a ServerReflectionRequest");
        yield response;
      }
    },
  };
}
