import type { Judge, Peer } from "./judge.js";
import type { Clients, TestDaemon } from "./daemon.js";

/** A connection of which the judge holds one end and the daemon the other, as the session `name`. */
export interface Connected {
  readonly peer: Peer;
  readonly name: string;
}

/** The judge connects to a listener, and the session of that very connection is known. */
export async function connectTo(
  daemon: TestDaemon,
  judge: Judge,
  listener: { name: string; host: string; port: number },
  options: { rcvbuf?: number; sndbuf?: number } = {},
): Promise<Connected> {
  const peer = await judge.connect({ host: listener.host, port: listener.port, ...options });
  const { session } = await daemon.sessions.waitSession({ listener: listener.name, peerPort: peer.localPort });
  if (session === undefined) throw new Error("a reply without its session");
  return { peer, name: session.name };
}

/** The daemon dials the judge. */
export async function dialJudge(
  daemon: Pick<Clients, "sessions">,
  judge: Judge,
  request: { name?: string; host?: string } = {},
): Promise<Connected> {
  const host = request.host ?? "127.0.0.1";
  const listener = await judge.listen({ host });
  const target = host.includes(":") ? `[${host}]:${listener.port}` : `${host}:${listener.port}`;
  const { session } = await daemon.sessions.openSession({
    ...(request.name === undefined ? {} : { name: request.name }),
    target,
  });
  const peer = await listener.accept();
  await listener.close();
  if (session === undefined) throw new Error("a reply without its session");
  return { peer, name: session.name };
}

/** More than the kernel takes in for a peer that has never read (some 90 KB), less than ours keeps to send. */
export const stuckBytes = 512 * 1024;

/**
 * A dialed session whose peer does not read: `stuckBytes` of ours have left the daemon, and most of them wait in our
 * kernel behind a full window. The peer's buffer is left as it is: a small one would trickle, by window probes, when
 * the peer reads at last.
 */
export async function dialWithStuckData(daemon: TestDaemon, judge: Judge): Promise<Connected> {
  const connected = await dialJudge(daemon, judge);
  await daemon.sessions.sendData({
    session: connected.name,
    payload: { $case: "data", value: Buffer.alloc(stuckBytes, "d") },
  });
  return connected;
}
