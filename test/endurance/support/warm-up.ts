import type { Clients } from "../../support/daemon.js";
import { RawSockets } from "./raw-sockets.js";

/** Makes a daemon open what it opens at first use, and keeps. */
export async function warmUp(clients: Clients): Promise<void> {
  using sockets = new RawSockets();
  const { listener } = await clients.listeners.createListener({ name: "warm" });
  const peer = await sockets.connect(listener!.port);
  await clients.sessions.waitSession({ session: "warm/1" });
  await clients.captures.startCapture({}).catch(() => undefined);
  await clients.captures.stopCapture({ capture: "capture" }).catch(() => undefined);
  await clients.sessions.resetSession({ session: "warm/1" });
  await clients.sessions.getSession({ session: "warm/1", view: 2 });
  await clients.listeners.deleteListener({ listener: "warm" });
  peer.close();
}
