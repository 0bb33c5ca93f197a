import { type BigIntStats, readdirSync, statSync } from "node:fs";
import { errnoName, KernelError } from "./errno.js";
import { loadFfi } from "./ffi.js";

// Namespaces of one's own (namespaces(7)): the network that a process sees, and what it may do there.

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const maxRounds = 100;

/**
 * Brings up the loopback device of this network namespace, with 127.0.0.1 and ::1: in a new one it is down.
 *
 * @throws KernelError where that is not permitted.
 */
export function bringLoopbackUp(): void {
  const load = loadFfi();
  if (!load.available) throw new KernelError("socket", "ENOSYS", load.reason);
  const { ffi } = load;
  const fd = ffi.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new KernelError("socket", errnoName(-fd));
  const request = Buffer.alloc(40); // struct ifreq: the name, then the flags
  request.write("lo");
  try {
    const got = ffi.ioctl(fd, SIOCGIFFLAGS, request);
    if (got < 0) throw new KernelError("SIOCGIFFLAGS", errnoName(-got), "lo");
    request.writeUInt16LE(request.readUInt16LE(16) | IFF_UP, 16);
    const set = ffi.ioctl(fd, SIOCSIFFLAGS, request);
    if (set < 0) throw new KernelError("SIOCSIFFLAGS", errnoName(-set), "lo");
  } finally {
    ffi.close(fd);
  }
}

/** Children started from now on have no more capabilities than their user has; this process keeps its own. */
export function keepCapabilitiesFromChildren(): void {
  const load = loadFfi();
  if (load.available) load.ffi.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
}

/** A network namespace: it has the number for as long as something is in it or holds it open. */
export type NetworkNamespace = bigint;

/** The network namespace of a process; undefined where there is no such process, or it may not be asked. */
export function networkNamespaceOf(pid: number | "self"): NetworkNamespace | undefined {
  let stat: BigIntStats | undefined;
  try {
    stat = statSync(`/proc/${pid}/ns/net`, { bigint: true });
  } catch {
    // Gone meanwhile, a zombie, or another user's.
  }
  return stat?.ino;
}

/**
 * Ends every other process in a network namespace by SIGKILL, those included that left their process group or session
 * or were started meanwhile.
 */
export function endProcessesIn(namespace: NetworkNamespace): void {
  for (let round = 0; round < maxRounds; round += 1) {
    const pids = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid);
    const inside = pids.filter((pid) => networkNamespaceOf(pid) === namespace);
    if (inside.length === 0) return;
    for (const pid of inside) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
  }
}
