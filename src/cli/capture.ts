import { writeFile } from "node:fs/promises";
import {
  type Capture,
  CaptureServiceDefinition,
  GetPacketsRequest,
  GetPacketsResponse,
  StartCaptureRequest,
  StartCaptureResponse,
  StopCaptureRequest,
  StopCaptureResponse,
} from "../gen/hangup/v1/capture.js";
import { type Segment, segment_DirectionToJSON } from "../gen/hangup/v1/packet.js";
import { callOnce } from "./client.js";
import { usageError } from "./command-error.js";
import { jsonLine, rfc3339 } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { table } from "./table.js";

/** Begins to capture, and prints the capture's name. */
export async function start(name: string | undefined, options: DaemonCallOptions): Promise<void> {
  const request = StartCaptureRequest.fromJSON({ ...options, name });
  const reply = await callOnce(options, CaptureServiceDefinition, (client, call) => client.startCapture(request, call));
  process.stdout.write(
    options.json === true ? jsonLine(StartCaptureResponse, reply) : `${reply.capture?.name ?? ""}\n`,
  );
}

/** Ends a capture, and prints how much it has. */
export async function stop(capture: string | undefined, options: DaemonCallOptions): Promise<void> {
  const request = StopCaptureRequest.fromJSON({ ...options, capture });
  const reply = await callOnce(options, CaptureServiceDefinition, (client, call) => client.stopCapture(request, call));
  process.stdout.write(options.json === true ? jsonLine(StopCaptureResponse, reply) : captureText(reply.capture, 0n));
}

/** The options of `hangup capture packets`. */
export interface PacketsOptions extends DaemonCallOptions {
  readonly pcap?: string;
  readonly session?: string;
}

/** Writes what was captured as a pcap file, or prints the segments of one session. */
export async function packets(capture: string | undefined, options: PacketsOptions): Promise<void> {
  const { pcap, session } = options;
  if ((pcap === undefined) === (session === undefined)) throw usageError("use either --pcap FILE or --session SESSION");
  const request = GetPacketsRequest.fromJSON({ ...options, capture });
  const reply = await callOnce(options, CaptureServiceDefinition, (client, call) => client.getPackets(request, call));
  if (pcap === "-") {
    process.stdout.write(reply.pcap);
    return;
  }
  if (pcap !== undefined) await writeFile(pcap, reply.pcap);
  if (options.json === true) {
    // The file has the packets.
    process.stdout.write(jsonLine(GetPacketsResponse, { ...reply, pcap: Buffer.alloc(0) }));
    return;
  }
  const segments = session === undefined ? "" : segmentsText(reply.segments);
  process.stdout.write(segments + captureText(reply.capture, reply.leftOut));
}

function captureText(capture: Capture | undefined, leftOut: bigint): string {
  const { name = "", packets: count = 0n, dropped = 0n } = capture ?? {};
  return `${name}: ${count} packets, ${dropped} dropped${leftOut === 0n ? "" : `, ${leftOut} left out here`}\n`;
}

function segmentsText(segments: readonly Segment[]): string {
  const rows = segments.map(({ time, direction, flags, seq, ack, window, length }) => [
    time === undefined ? "" : rfc3339(time.seconds, time.nanos).slice("2026-11-22T".length, -1),
    segment_DirectionToJSON(direction),
    flags,
    ...[seq, ack, window, length].map(String),
  ]);
  return table([["TIME", "DIRECTION", "FLAGS", "SEQ", "ACK", "WINDOW", "LENGTH"], ...rows]);
}
