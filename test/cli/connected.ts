import { portOf, type Served } from "../support/cli.js";
import type { Judge, Peer } from "../support/judge.js";

/** The judge connected to a listener of its own, whose session has its name: `NAME/1`. */
export async function connected(judge: Judge, served: Served, listener: string, ...options: string[]): Promise<Peer> {
  const address = (await served.verb("listen", listener, ...options)).trim();
  const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address) });
  await served.verb("wait", "--listener", listener, "--peer-port", String(peer.localPort));
  return peer;
}
