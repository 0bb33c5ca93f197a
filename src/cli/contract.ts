import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSet } from "../gen/descriptor-set.js";

let known: ReturnType<typeof createFileRegistry> | undefined;

/** The descriptions of all messages of the contract, and of those of google.rpc that go with it. */
export function contract(): ReturnType<typeof createFileRegistry> {
  return (known ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptorSet, "base64"))));
}
