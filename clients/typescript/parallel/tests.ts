import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { EndKind, startHangup } from "hangup";
import { createChannel, createClient } from "nice-grpc";
import { DaemonServiceDefinition } from "../../../src/gen/hangup/v1/daemon.js";

// 125 tests at once in each of four workers: the same names in all of them, on one daemon. See verify.ts.

const ways = ["reset", "close", "halfClose"] as const;

/** What a socket's end was: an errno, or `end`. */
async function endOf(socket: ReturnType<typeof connect>): Promise<string> {
  const ended = once(socket.resume(), "end").then(() => "end");
  return ended.catch((error: NodeJS.ErrnoException) => error.code ?? "");
}

/** Declares the tests of one file. */
export function declareTests(): void {
  const file = join(process.env["HANGUP_SEEN"] ?? "", `${process.pid}`);

  test.concurrent.each(Array.from({ length: 125 }, (_, number) => number))("test %i", async (number) => {
    const way = ways[number % ways.length] ?? "reset";
    const fixture = await startHangup({ name: `parallel-${number}` });
    const listener = await fixture.listen({ name: "echo" });
    const socket = connect(listener.port, listener.host);
    await once(socket, "connect");
    const session = await listener.accepted(socket);
    expect(session.name).toBe("echo/1");

    const seen = endOf(socket);
    const receipt = await session[way]();

    expect(await seen).toBe(way === "reset" ? "ECONNRESET" : "end");
    expect(receipt.localEnd?.kind).toBe(way === "reset" ? EndKind.RST : EndKind.FIN);
    socket.destroy();
    expect((await fixture.close()).counts).toMatchObject({ sessions: 1n });
    const channel = createChannel(fixture.daemonAddress);
    const { uid } = await createClient(DaemonServiceDefinition, channel).getInfo({});
    channel.close();
    appendFileSync(file, `${uid}\n`);
  });
}
