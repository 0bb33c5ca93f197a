import { Server, ServerCredentials } from "@grpc/grpc-js";

// The floor of a start: a server of grpc-js that can do nothing but answer, bundled and with a code cache as the daemon
// is. What the daemon takes longer is its own.

const same = (bytes: Buffer) => bytes;
const path = "/hangup.v1.DaemonService/GetInfo";
const unary = { path, requestStream: false, responseStream: false } as const;
const codecs = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };

const server = new Server();
server.addService(
  { getInfo: { ...unary, ...codecs } },
  { getInfo: (_call: unknown, answer: (error: null, reply: Buffer) => void) => answer(null, Buffer.alloc(0)) },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(JSON.stringify({ address: `127.0.0.1:${port}` }));
});
