import { mkdtempSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Capability } from "../../src/gen/hangup/v1/daemon.js";
import { Clients } from "../support/daemon.js";
import { type Judge, startJudges } from "../support/judge.js";

/** What a run of the table needs: a daemon, judges, and what works here. */
export interface Stage extends AsyncDisposable {
  readonly clients: Clients;
  /** A judge does one call at a time: so many runs go on at once. */
  readonly judges: readonly Judge[];
  /** A folder for unix sockets. */
  readonly folder: string;
  /** Packets can be captured. */
  readonly captured: boolean;
  /** Why an entry cannot be had here; undefined: it can. */
  lacking(needs: readonly string[]): string | undefined;
}

/** A stage around the daemon that listens at `address`. */
export async function openStage(address: string, judgeCount: number): Promise<Stage> {
  const clients = new Clients(address);
  const judges = await startJudges(judgeCount);
  const folder = mkdtempSync(join(tmpdir(), "hangup-table-"));
  chmodSync(folder, 0o755);
  const { capabilities } = await clients.info.getInfo({});
  const byName = new Map<string, Capability>(capabilities.map((capability) => [capability.name, capability]));
  return {
    clients,
    judges,
    folder,
    captured: byName.get("capture")?.available === true,
    lacking(needs) {
      for (const name of needs) {
        const capability = byName.get(name);
        if (capability === undefined) throw new Error(`GetInfo knows no capability ${name}`);
        if (!capability.available) return `${name}: ${capability.reason}`;
      }
      return undefined;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(judges.map((judge) => judge.stop()));
      await clients[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
