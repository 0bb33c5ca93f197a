import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** A message of the contract, as the generated code has it. */
export interface Encodable<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

/** One more than that is not worth keeping. */
const keptBytes = 256 * 1024;

// Growing a buffer to the size of a reply costs as much as filling it: one that has grown is used again.
let writer = new BinaryWriter();

/** The bytes of a message. */
export function encode<Message>(type: Encodable<Message>, message: Message): Uint8Array {
  const own = writer;
  try {
    // A copy: the writer is empty again.
    const bytes = type.encode(message, own).finish();
    if (bytes.length > keptBytes) writer = new BinaryWriter();
    return bytes;
  } catch (error) {
    writer = new BinaryWriter();
    throw error;
  }
}
