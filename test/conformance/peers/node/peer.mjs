// A peer by Node's net: see ../README.md. A read is what the socket tells by itself, a write what its callback gets.
import { once } from "node:events";
import { connect } from "node:net";

const [, , address, mode] = process.argv;
const colon = address.lastIndexOf(":");
const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), allowHalfOpen: true });
// Not read before it is asked to.
socket.pause();
const told = [];
socket.on("end", () => tell("'end'"));
socket.on("error", (error) => tell(`'error' ${error.code}: ${error.message}`));
socket.on("close", (hadError) => tell(`'close' ${hadError}`));
let waiting;

function tell(what) {
  told.push(what.replaceAll(address, "ADDRESS"));
  waiting?.();
}

/** What the socket tells next; a second is long enough for it. */
async function next() {
  if (told.length === 0) {
    const timer = setTimeout(() => tell("nothing within a second"), 1000);
    await new Promise((resolve) => (waiting = resolve));
    clearTimeout(timer);
  }
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

const connected = once(socket, "connect").then(
  () => "connected",
  () => new Promise(() => undefined),
);
const said = { connect: await Promise.race([connected, next()]), calls: [] };
if (said.connect === "connected") {
  socket.write("hello");
  await once(process.stdin, "data");
  // What was waited for in vain meanwhile.
  told.splice(0);
  const order = mode === "read" ? ["read", "read", "write"] : ["write", "write", "read"];
  for (const name of order) said.calls.push([name, await calls[name]()]);
}
console.log(JSON.stringify(said));
process.exit();
