import { createChannel, createClient } from "nice-grpc";
import { EventServiceDefinition } from "../src/gen/hangup/v1/event.js";
import { ListenerServiceDefinition } from "../src/gen/hangup/v1/listener.js";
import {
  cause_KindToJSON,
  type End,
  end_KindToJSON,
  type Receipt,
  receipt_EvidenceToJSON,
  SessionServiceDefinition,
  session_StateToJSON,
} from "../src/gen/hangup/v1/session.js";

/** The daemon as any client has it: over gRPC. */
export function commandsTo(address: string) {
  const channel = createChannel(address);
  return {
    listeners: createClient(ListenerServiceDefinition, channel),
    sessions: createClient(SessionServiceDefinition, channel),
    events: createClient(EventServiceDefinition, channel),
    [Symbol.dispose]: () => channel.close(),
  };
}

export type Commands = ReturnType<typeof commandsTo>;

/** What a receipt says, in words that a claim can compare. */
export function factsOf(receipt: Receipt | undefined) {
  return {
    local: endOf(receipt?.localEnd),
    peer: endOf(receipt?.peerEnd),
    before: stateOf(receipt?.stateBefore),
    after: stateOf(receipt?.stateAfter),
    final: receipt?.final ?? false,
  };
}

/** A receipt in a few lines. */
export function receiptLines(receipt: Receipt): string[] {
  const { local, peer, before, after } = factsOf(receipt);
  const { bytesReceived, bytesSent, unsentBytesDiscarded, evidence } = receipt;
  return [
    `local end ${local}, peer end ${peer}, ${receipt.final ? "final" : "not final yet"}`,
    `state before ${before}, after ${after}`,
    `${bytesReceived} bytes received, ${bytesSent} sent, at most ${unsentBytesDiscarded} of them thrown away; evidence ${receipt_EvidenceToJSON(evidence)}`,
  ];
}

/** A state of the contract by its name. */
export function stateOf(state: Receipt["stateAfter"] | undefined): string {
  return state === undefined ? "none" : session_StateToJSON(state);
}

function endOf(end: End | undefined): string {
  if (end === undefined) return "none";
  const { kind, cause } = end;
  if (cause === undefined) return end_KindToJSON(kind);
  return `${end_KindToJSON(kind)} by ${cause.rpc === "" ? cause_KindToJSON(cause.kind) : cause.rpc}`;
}
