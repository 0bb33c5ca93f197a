import { loadFfi } from "../kernel/ffi.js";

/** Whether something works here, and why not. */
export interface Capability {
  readonly available: boolean;
  readonly reason: string;
}

/** What works on this machine, and what does not and why. */
export function capabilities(): Readonly<Record<"close" | "half_close" | "reset" | "tcp_info" | "sock_diag", Capability>> {
  const load = loadFfi();
  const always = { available: true, reason: "" };
  const byFfi = load.available ? always : { available: false, reason: load.reason };
  return { close: always, half_close: always, reset: byFfi, tcp_info: byFfi, sock_diag: byFfi };
}
