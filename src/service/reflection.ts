import type { CallContext } from "nice-grpc";
import { descriptorSet } from "../gen/descriptor-set.js";

// gRPC reflection, by the library, which is loaded at the first call: it costs 100 ms and most callers never ask. So
// its messages pass through here as the bytes that they are.

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
    async *serverReflectionInfo(requests: AsyncIterable<Buffer>, context: CallContext): AsyncGenerator<Buffer> {
      const { ServerReflection, ServerReflectionService } = await import("nice-grpc-server-reflection");
      const method = ServerReflectionService.serverReflectionInfo;
      const service = ServerReflection(Buffer.from(descriptorSet, "base64"), [...services]);
      async function* decoded() {
        for await (const request of requests) yield method.requestDeserialize(request);
      }
      for await (const reply of service.serverReflectionInfo(decoded(), context)) {
        yield method.responseSerialize(reply);
      }
    },
  };
}
