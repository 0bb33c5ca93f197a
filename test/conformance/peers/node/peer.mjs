// A peer by Node's net: see ../README.md. A read is what the socket tells by itself, a write what its callback gets.
import { once } from "node:events";
import { connect } from "node:net";

const [, , address, mode] = process.argv;
const colon = address.lastIndexOf(":");
const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), allowHalfOpen: true });
// Not read before it is asked to.
socket.pause();
socket.setTimeout(1000);
const told = [];
socket.on("timeout", () => tell("'timeout'"));
socket.on("end", () => tell("'end'"));
socket.on("error", (error) => tell(`'error' ${error.code}: ${error.message}`));
socket.on("close", (hadError) => tell(`'close' ${hadError}`));
let waiting;

function tell(what) {
  told.push(what.replaceAll(address, "ADDRESS"));
  waiting?.();
}

async function next() {
  while (told.length === 0) await new Promise((resolve) => (waiting = resolve));
  return told.shift();
}

const calls = {
  read: async () => {
    socket.resume();
    return next();
  },
  write: () =>
    new Promise((resolve) => {
      socket.write("x", (error) => resolve(error ? `${error.code}: ${error.message}` : "no error"));
    }),
};

const first = await Promise.race([once(socket, "connect").then(() => "connected", () => undefined), next()]);
const said = { connect: first ?? (await next()), calls: [] };
if (said.connect === "connected") {
  socket.setTimeout(0);
  socket.write("hello");
  await once(process.stdin, "data");
  socket.setTimeout(1000);
  const order = mode === "read" ? ["read", "read", "write"] : ["write", "write", "read"];
  for (const name of order) said.calls.push([name, await calls[name]()]);
}
console.log(JSON.stringify(said));
process.exit();
