import type { ServerMiddleware, TsProtoServiceDefinition } from "nice-grpc";
import { DomainError } from "../domain/errors.js";

/** In place of a request that is no message of its type: of what a decoder throws the library makes INTERNAL. */
class Undecodable {
  constructor(readonly error: unknown) {}
}

/** The same service, but for decoders that never throw; `decodedOnly` then refuses what they could not decode. */
export function decodingAll<Definition extends TsProtoServiceDefinition>(definition: Definition): Definition {
  const methods = Object.entries(definition.methods).map(([name, method]) => {
    const requestType = method.requestType as { decode(bytes: Uint8Array): unknown };
    const decode = (bytes: Uint8Array): unknown => {
      try {
        return requestType.decode(bytes);
      } catch (error) {
        return new Undecodable(error);
      }
    };
    return [name, { ...method, requestType: { ...requestType, decode } }];
  });
  return { ...definition, methods: Object.fromEntries(methods) as Definition["methods"] };
}

/** Refuses requests that could not be decoded. */
export const decodedOnly: ServerMiddleware = async function* decodedOnly(call, context) {
  if (!call.requestStream) return yield* call.next(decoded(call.request), context);
  return yield* call.next(eachDecoded(call.request), context);
};

async function* eachDecoded<Request>(requests: AsyncIterable<Request>): AsyncGenerator<Request, void, undefined> {
  for await (const request of requests) yield decoded(request);
}

function decoded<Request>(request: Request): Request {
  if (!(request instanceof Undecodable)) return request;
  throw new DomainError(
    "INVALID_ARGUMENT",
    "INVALID_MESSAGE",
    `the request is no message of its type (${String(request.error)}): is it made from another version of the contract?`,
  );
}
