import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { EndKind, startHangup } from "hangup";

// For jest: test() and expect() are its globals. With vitest they are imported from "vitest", and the rest is the same.

async function connected(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

test("eof", async () => {
  await using fixture = await startHangup();
  const listener = await fixture.listen();
  const socket = await connected(listener.port, listener.host);
  const session = await listener.accepted(socket);

  const ended = once(socket.resume(), "end");
  const receipt = await session.close();

  await ended;
  expect(receipt.localEnd?.kind).toBe(EndKind.FIN);
  socket.destroy();
});

test("econnreset", async () => {
  await using fixture = await startHangup();
  const listener = await fixture.listen();
  const socket = await connected(listener.port, listener.host);
  const session = await listener.accepted(socket);

  const failed = once(socket, "error");
  await session.reset();

  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
});

test("half-close: the daemon has said all that it has to say, and reads on", async () => {
  await using fixture = await startHangup();
  const listener = await fixture.listen();
  const socket = await connected(listener.port, listener.host);
  const session = await listener.accepted(socket);

  const ended = once(socket.resume(), "end");
  await session.halfClose();

  await ended;
  socket.write("still heard");
  expect((await session.wait({ bytesReceived: "still heard".length })).finSent).toBe(true);
  socket.end();
  expect((await session.waitEnded()).peerEnd?.kind).toBe(EndKind.FIN);
});

test("refused", async () => {
  await using fixture = await startHangup();
  const listener = await fixture.listen();

  await listener.refuse();
  await expect(connected(listener.port, listener.host)).rejects.toMatchObject({ code: "ECONNREFUSED" });

  await listener.resume();
  const socket = await connected(listener.port, listener.host);
  await listener.accepted(socket);
  socket.destroy();
});

/** What is tested: a client that tries again. */
async function getWithRetries(url: string, attempts: number): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch (error) {
    if (attempts === 1) throw error;
    return getWithRetries(url, attempts - 1);
  }
}

test("retry succeeds the third time", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nrecovered";
  const request = { patternText: "\r\n\r\n" };
  await using fixture = await startHangup();
  const listener = await fixture.listen({
    behaviour: { discard: {} },
    plans: [
      { connections: 2, steps: [{ trigger: request, action: { reset: {} } }] },
      {
        steps: [
          { trigger: request, action: { send: { text: answer } } },
          { trigger: { accepted: {} }, action: { close: {} } },
        ],
      },
    ],
  });

  expect(await getWithRetries(`http://${listener.address}/`, 3)).toBe("recovered");

  // Three connections, as planned: had it taken fewer, closing the fixture would fail the test.
  expect((await fixture.close()).counts?.localRst).toBe(2n);
});

test("a server under test gets a RST from its client", async () => {
  await using fixture = await startHangup();
  const server = createServer();
  const failed = once(server, "connection").then(([socket]) => once(socket as Socket, "error"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const session = await fixture.dial(server);
  await session.send("GET / HTT");
  await session.reset();

  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
  server.close();
});
