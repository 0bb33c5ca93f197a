import type { TsProtoServiceDefinition } from "nice-grpc";
import { type Encodable, encode } from "./encode.js";

/**
 * The same service, for one that gives all fields of its replies: they are encoded as they are. The library would first
 * make another of each, to fill in what is missing.
 */
export function completeReplies<Definition extends TsProtoServiceDefinition>(definition: Definition): Definition {
  const methods = Object.entries(definition.methods).map(([name, method]) => {
    const responseType = method.responseType as unknown as Encodable<unknown>;
    const encodeReply = (reply: unknown) => ({ finish: () => encode(responseType, reply) });
    return [name, { ...method, responseType: { ...responseType, encode: encodeReply, fromPartial: undefined } }];
  });
  return { ...definition, methods: Object.fromEntries(methods) as Definition["methods"] };
}
