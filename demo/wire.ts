import { type Capture, captureAvailability, type Packet, startCapture } from "../test/support/capture.js";

/** The packets of the demo, where this machine lets us see them. */
export interface Wire extends AsyncDisposable {
  /** Why there are none; undefined when they are captured. */
  readonly missing: string | undefined;
  /** The packets so far of the connection from this client port; undefined when they are not captured. */
  packetsOf(clientPort: number): Promise<readonly Packet[] | undefined>;
}

/** Captures what goes over loopback to and from a port, with tcpdump and its privilege; else says why not. */
export async function watchWire(port: number): Promise<Wire> {
  const availability = captureAvailability();
  if (!availability.available) {
    return {
      missing: availability.reason.split("\n")[0] ?? "",
      packetsOf: async () => undefined,
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const capture: Capture = await startCapture({ ports: [port] });
  return {
    missing: undefined,
    packetsOf: async (clientPort) =>
      (await capture.drain()).filter(({ from, to }) => from.port === clientPort || to.port === clientPort),
    [Symbol.asyncDispose]: async () => void (await capture.stop()),
  };
}

/** The flags in order, `>` from the daemon and `<` to it. */
export function flagsOf(packets: readonly Packet[], daemonPort: number): string[] {
  return packets.map(({ from, flags }) => `${from.port === daemonPort ? ">" : "<"}[${flags}]`);
}
