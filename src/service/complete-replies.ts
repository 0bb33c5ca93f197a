import type { TsProtoServiceDefinition } from "nice-grpc";

/**
 * The same service, for one that gives all fields of its replies: they are encoded as they are. The library would first
 * make another of each, to fill in what is missing.
 */
export function completeReplies<Definition extends TsProtoServiceDefinition>(definition: Definition): Definition {
  const methods = Object.entries(definition.methods).map(([name, method]) => {
    return [name, { ...method, responseType: { ...method.responseType, fromPartial: undefined } }];
  });
  return { ...definition, methods: Object.fromEntries(methods) as Definition["methods"] };
}
