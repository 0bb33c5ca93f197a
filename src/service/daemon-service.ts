import { release } from "node:os";
import { capabilities } from "../domain/capabilities.js";
import type { Fixture } from "../domain/fixture.js";
import type { DaemonServiceImplementation } from "../gen/hangup/v1/daemon.js";
import { timestamp } from "./messages.js";

/** What the daemon tells of itself beside the fixture. */
export interface DaemonFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly address: () => string;
  /** That the process may have; undefined where it cannot be told. */
  readonly descriptors: number | undefined;
  /** Begins the end of the daemon; the answer still goes out. */
  readonly shutdown: () => void;
}

/** The gRPC face of the daemon itself. */
export function daemonService(fixture: Fixture, facts: DaemonFacts): DaemonServiceImplementation {
  return {
    async getInfo() {
      return {
        version: facts.version,
        apiVersion: facts.apiVersion,
        uid: fixture.uid,
        pid: process.pid,
        address: facts.address(),
        startTime: timestamp(fixture.startTime),
        platform: `${process.platform} ${process.arch} ${release()}`,
        runtime: `node ${process.versions.node}`,
        capabilities: Object.entries(capabilities()).map(([name, capability]) => ({ name, ...capability })),
        limits: {
          ...fixture.limits,
          endedInboxBytes: BigInt(fixture.limits.endedInboxBytes),
          descriptors: BigInt(facts.descriptors ?? 0),
        },
      };
    },

    async shutdown() {
      facts.shutdown();
      return {};
    },
  };
}
