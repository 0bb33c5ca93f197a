import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Endpoint {
  address: string;
  port: number;
}

/** One TCP segment as tcpdump tells it: sequence numbers after the handshake are relative, times are in seconds. */
export interface Packet {
  time: number;
  from: Endpoint;
  to: Endpoint;
  /** As tcpdump writes them: S, S., P., F., R., R, . */
  flags: string;
  /** The first sequence number, where the segment has one. */
  seq: number | undefined;
  ack: number | undefined;
  window: number | undefined;
  /** The urgent pointer. */
  urgent: number | undefined;
  options: string;
  /** The bytes of data. */
  length: number;
  /** The line of tcpdump, for messages. */
  line: string;
}

export interface CaptureOptions {
  /** The TCP ports, of either end. */
  ports: number[];
  /** An interface that carries 127.0.0.1. */
  interface?: string;
}

export type CaptureAvailability = { available: true } | { available: false; reason: string };

type Predicate = (packet: Packet, packets: readonly Packet[]) => boolean;

const DEFAULT_DEADLINE_MS = 5000;
// A capture that is never stopped ends here, and says so in the next until().
const MAX_PACKETS = 100_000;
const SNAPSHOT_BYTES = 256;
const STDERR_KEEPS_CHARACTERS = 16 * 1024;

/** Whether this machine lets this user capture. Synchronous, as Jest decides at load time which tests exist. */
export function captureAvailability(interfaceName = "lo"): CaptureAvailability {
  // -d only prints the compiled filter, but opens the interface first.
  const { error, status, stderr } = spawnSync("tcpdump", ["-i", interfaceName, "-d", "tcp"], { encoding: "utf8" });
  if (error) return { available: false, reason: `tcpdump cannot be run: ${error.message}` };
  if (status !== 0) return { available: false, reason: stderr.trim() };
  return { available: true };
}

/** What was on the wire, from the moment this resolves. */
export async function startCapture({ ports, interface: interfaceName = "lo" }: CaptureOptions): Promise<Capture> {
  if (ports.length === 0) throw new Error("a capture needs a port");
  const marker = createSocket("udp4");
  marker.bind(0, "127.0.0.1");
  await once(marker, "listening");
  const tcp = ports.map((port) => `tcp port ${port}`).join(" or ");
  const child = spawn("tcpdump", [
    "-i",
    interfaceName,
    "-n",
    "-tt",
    "-l",
    "--immediate-mode",
    "-s",
    String(SNAPSHOT_BYTES),
    "-c",
    String(MAX_PACKETS),
    `${tcp} or udp port ${marker.address().port}`,
  ]);
  const capture = new Capture(child, marker);
  try {
    await capture.listening();
    // Seen from end to end once, before anything depends on it.
    await capture.drain();
  } catch (error) {
    await capture.stop();
    throw error;
  }
  return capture;
}

export class Capture {
  /** In the order of the wire. Bounded at MAX_PACKETS, where tcpdump ends. */
  readonly packets: readonly Packet[];
  private readonly seen: Packet[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly closed: Promise<unknown>;
  private markersSent = 0;
  private markersSeen = 0;
  private isListening = false;
  private stderr = "";
  private ended: Error | undefined;

  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly marker: Socket,
  ) {
    this.packets = this.seen;
    this.closed = once(child, "close").then(
      ([code, signal]) => this.end(`tcpdump ended with ${signal ?? `code ${code}`}: ${this.stderr}`),
      (error: unknown) => this.end(`tcpdump did not start: ${String(error)}`),
    );
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEEPS_CHARACTERS);
      this.isListening ||= this.stderr.includes("listening on");
      this.notify();
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.onLine(line));
  }

  /** tcpdump has its filter in place. */
  async listening(deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
    await this.when(() => this.isListening || undefined, deadlineMs, "tcpdump to listen");
  }

  /** The first packet, past or to come, for which the predicate holds. */
  async until(predicate: Predicate, deadlineMs = DEFAULT_DEADLINE_MS): Promise<Packet> {
    let next = 0;
    const search = (): Packet | undefined => {
      while (next < this.seen.length) {
        const packet = this.seen[next++];
        if (packet && predicate(packet, this.seen)) return packet;
      }
      return undefined;
    };
    return this.when(search, deadlineMs, "the packet");
  }

  /**
   * Resolves when all that was on the wire before the call is in `packets`, so that a packet that is not there was
   * not sent. A datagram of our own goes last: the interface is a queue, and when it is printed all before it is.
   */
  async drain(deadlineMs = DEFAULT_DEADLINE_MS): Promise<readonly Packet[]> {
    const sent = ++this.markersSent;
    const { address, port } = this.marker.address();
    this.marker.send(Buffer.of(0), port, address);
    await this.when(() => this.markersSeen >= sent || undefined, deadlineMs, "the marker");
    return this.packets;
  }

  /** Drains, ends tcpdump and returns every packet. Throws when some were lost: absence proves nothing then. */
  async stop(): Promise<readonly Packet[]> {
    try {
      if (this.isListening && !this.ended) await this.drain();
    } finally {
      this.child.kill("SIGINT");
      await this.closed;
    }
    const dropped = /(\d+) packets? dropped by kernel/.exec(this.stderr)?.[1] ?? "0";
    if (dropped !== "0") throw new Error(`the capture lost ${dropped} packets`);
    return this.packets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private onLine(line: string): void {
    const packet = parsePacket(line);
    if (packet) this.seen.push(packet);
    else if (line.includes(": UDP, length ")) this.markersSeen += 1;
    // Any other line is tcpdump dissecting the data of a port it knows.
    this.notify();
  }

  private end(reason: string): void {
    this.ended = new Error(reason);
    this.marker.close();
    this.notify();
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves with the first value of `look` that is not undefined, asked anew after each thing tcpdump says. */
  private async when<Value>(look: () => Value | undefined, deadlineMs: number, what: string): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.watchers.delete(watcher);
      };
      const watcher = (): void => {
        const value = look();
        if (value === undefined && !this.ended) return;
        settle();
        if (value === undefined) reject(this.ended);
        else resolve(value);
      };
      const timer = setTimeout(() => {
        settle();
        const lines = this.seen.map(({ line }) => line).join("\n");
        reject(new Error(`waited ${deadlineMs} ms for ${what}, saw ${this.seen.length} packets:\n${lines}`));
      }, deadlineMs);
      this.watchers.add(watcher);
      watcher();
    });
  }
}

const PACKET = new RegExp(
  [
    /^(?<time>\d+\.\d+) IP6? /,
    /(?<from>\S+)\.(?<fromPort>\d+) > (?<to>\S+)\.(?<toPort>\d+): /,
    /Flags \[(?<flags>[^\]]*)\], (?<rest>.*)$/,
  ]
    .map(({ source }) => source)
    .join(""),
);

/** One line of `tcpdump -n -tt`; nothing for a line that is not a TCP segment. */
export function parsePacket(line: string): Packet | undefined {
  const groups = PACKET.exec(line)?.groups;
  if (!groups) return undefined;
  const { time = "", from = "", fromPort = "", to = "", toPort = "", flags = "", rest = "" } = groups;
  const length = numberAfter("length", rest);
  if (length === undefined) return undefined;
  return {
    time: Number(time),
    from: { address: from, port: Number(fromPort) },
    to: { address: to, port: Number(toPort) },
    flags,
    seq: numberAfter("seq", rest),
    ack: numberAfter("ack", rest),
    window: numberAfter("win", rest),
    urgent: numberAfter("urg", rest),
    options: /options \[([^\]]*)\]/.exec(rest)?.[1] ?? "",
    length,
    line,
  };
}

function numberAfter(name: string, text: string): number | undefined {
  // Fields are set apart by a comma and a space, which keeps a word inside the options from being taken for one.
  const digits = new RegExp(`(?:^|, )${name} (\\d+)`).exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
