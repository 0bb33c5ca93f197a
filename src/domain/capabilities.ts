import { probeBlackHole, probeSilentClose } from "../kernel/black-hole.js";
import { loadFfi } from "../kernel/ffi.js";
import { probeCapture } from "../kernel/packet-capture.js";

/** Whether something works here, and why not. */
export interface Capability {
  readonly available: boolean;
  readonly reason: string;
}

const works: Capability = { available: true, reason: "" };

/** What needs no system call of our own. */
const always = ["close", "half_close", "pause", "resume", "throttle", "delay", "send", "set_behaviour"] as const;
/** What needs the FFI and nothing else. */
const byFfi = [
  "reset",
  "linger",
  "reset_unread",
  "fin_then_reset",
  "last_data",
  "send_urgent",
  "black_hole",
  "heal",
  "tcp_info",
  "sock_diag",
  "listener_refusing",
  "listener_stalled",
  "listener_queueing",
] as const;

/** The names of what may work here or not. */
export type CapabilityName =
  | (typeof always)[number]
  | (typeof byFfi)[number]
  | "vanish"
  | "black_hole_both"
  | "capture";

let probed: Readonly<Record<CapabilityName, Capability>> | undefined;

/** What works on this machine, and what does not and why; probed once, at the first question. */
export function capabilities(): Readonly<Record<CapabilityName, Capability>> {
  probed ??= probe();
  return probed;
}

function probe(): Record<CapabilityName, Capability> {
  const load = loadFfi();
  const ffi = load.available ? works : missing(load.reason);
  const both = load.available ? of(probeBlackHole(), "TCP_MD5SIG, which this kernel was built without") : ffi;
  const silent = load.available ? of(probeSilentClose(), "TCP_REPAIR, which wants CAP_NET_ADMIN") : ffi;
  const capture = probeCapture();
  return {
    ...all(always, works),
    ...all(byFfi, ffi),
    black_hole_both: both,
    // Either way will do.
    vanish: silent.available
      ? silent
      : both.available || !load.available
        ? both
        : missing(`${silent.reason}; ${both.reason}`),
    capture: capture.available ? works : missing(capture.reason),
  };
}

function all<Name extends string>(names: readonly Name[], capability: Capability): Record<Name, Capability> {
  return Object.fromEntries(names.map((name) => [name, capability])) as Record<Name, Capability>;
}

function of(errno: string | undefined, what: string): Capability {
  return errno === undefined ? works : missing(`${errno}: needs ${what}`);
}

function missing(reason: string): Capability {
  return { available: false, reason };
}
