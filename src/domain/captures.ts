import { KernelError } from "../kernel/errno.js";
import { Capture, type CapturedSession } from "./capture.js";
import { capabilities } from "./capabilities.js";
import { DomainError } from "./errors.js";
import { outOfDescriptors } from "./from-errno.js";
import { nearest } from "./names.js";
import { type Evidence, notCaptured } from "./receipt.js";

/** Captures of a scope at most; each costs a look at every packet of its ports. */
const maxCaptures = 16;
/** Segments that a receipt carries. */
const receiptSegments = 64;

/** A session as its packets see it. */
export interface EvidenceSubject extends CapturedSession {
  readonly isTcp: boolean;
  readonly listenerName: string;
}

/** The captures of a scope. */
export class Captures {
  private readonly captures = new Map<string, Capture>();

  constructor(private readonly scope: string) {}

  /** Begins to capture these ports. @throws DomainError CAPTURE_UNAVAILABLE, NAME_TAKEN, TOO_MANY_CAPTURES. */
  start(name: string, listener: string, ports: Iterable<number>): Capture {
    const before = this.captures.get(name);
    if (before?.running === true) {
      throw new DomainError(
        "ALREADY_EXISTS",
        "NAME_TAKEN",
        `capture "${name}" runs; stop it first or choose another name`,
        {
          field: "name",
        },
      );
    }
    const { available, reason } = capabilities().capture;
    if (!available) throw unavailable(reason);
    if (before === undefined && this.captures.size >= maxCaptures) {
      throw new DomainError(
        "RESOURCE_EXHAUSTED",
        "TOO_MANY_CAPTURES",
        `${maxCaptures} captures; take one of their names anew`,
        {
          field: "name",
        },
      );
    }
    try {
      const capture = new Capture(this.scope, name, listener, new Set(ports));
      this.captures.set(name, capture);
      return capture;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const { errno } = error;
      throw errno === "EMFILE" || errno === "ENFILE" ? outOfDescriptors(errno) : unavailable(error.message);
    }
  }

  /** @throws DomainError UNKNOWN_CAPTURE. */
  get(name: string): Capture {
    const capture = this.captures.get(name);
    if (capture !== undefined) return capture;
    throw new DomainError(
      "NOT_FOUND",
      "UNKNOWN_CAPTURE",
      `no capture "${name}" in scope "${this.scope}"; ${nearest(name, this.captures.keys())}`,
      { field: "capture" },
    );
  }

  /** A port of the scope, before its first packet: of a listener that begins, or a target that is about to be dialed. */
  onPort(port: number, listener: string): void {
    for (const capture of this.captures.values()) {
      if (capture.running && (capture.listener === "" || capture.listener === listener)) capture.addPort(port);
    }
  }

  /** What is captured of a session. */
  evidenceOf(session: EvidenceSubject): Evidence {
    if (this.captures.size === 0 || !session.isTcp) return notCaptured;
    const port = Number(session.localAddress.slice(session.localAddress.lastIndexOf(":") + 1));
    const peerPort = Number(session.peerAddress.slice(session.peerAddress.lastIndexOf(":") + 1));
    let best: Evidence = notCaptured;
    for (const capture of this.captures.values()) {
      if (capture.listener !== "" && capture.listener !== session.listenerName) continue;
      if (!capture.covers(port) && !capture.covers(peerPort)) continue;
      capture.drain();
      const { segments, fromSyn } = capture.segmentsOf(session);
      // Of a capture that was over before, or begun after, there is nothing of this session.
      if (segments.length === 0) continue;
      const whole = fromSyn && capture.dropped === 0 && capture.sawTheEndOf(session);
      if (whole || segments.length > best.segmentsCaptured) {
        best = {
          evidence: whole ? "CAPTURED" : "INCOMPLETE",
          segments: segments.slice(-receiptSegments),
          segmentsCaptured: segments.length,
        };
      }
      if (whole) break;
    }
    return best;
  }

  stopAll(): void {
    for (const capture of this.captures.values()) capture.stop();
  }
}

function unavailable(reason: string): DomainError {
  return new DomainError(
    "FAILED_PRECONDITION",
    "CAPTURE_UNAVAILABLE",
    `${reason}; run the daemon with CAP_NET_RAW, or as \`hangup run --isolated\``,
  );
}
