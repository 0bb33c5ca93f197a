// What takes minutes, and processes of its own: `npm run endurance -- soak|mass|chaos`, see CONTRIBUTING.md.
import { parseArgs } from "node:util";
import { chaos } from "./chaos.js";
import { chaosWorkers } from "./chaos-workers.js";
import { mass } from "./mass.js";
import { soak } from "./soak.js";
import { daemonProcess } from "./support/daemon-process.js";
import { Findings } from "./support/findings.js";

const usage = "usage: npm run endurance -- soak [--minutes N] | mass | chaos [--minutes N] [--seed N]";

/** Starts itself anew, for the daemon and for clients that are to be ended by force. */
const processes: Readonly<Record<string, (options: never) => Promise<void>>> = {
  "daemon-process": daemonProcess,
  "chaos-workers": chaosWorkers,
};

async function main(): Promise<void> {
  const [name = "", json] = process.argv.slice(2);
  const part = processes[name];
  if (part !== undefined) return await part(JSON.parse(json ?? "{}") as never);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: "string" }, seed: { type: "string" }, sessions: { type: "string" } },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const minutes = (usual: number) => Number(values.minutes ?? usual);
  const sessions = values.sessions === undefined ? undefined : Number(values.sessions);
  const findings = new Findings();
  const began = performance.now();
  switch (positionals.join(" ")) {
    case "mass":
      await mass(findings);
      break;
    case "soak":
      await soak(findings, { minutes: minutes(5), seed, sessions });
      break;
    case "chaos":
      await chaos(findings, { minutes: minutes(2), seed });
      break;
    default:
      throw new Error(usage);
  }
  console.log(`${findings.summary()}, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  process.exitCode = findings.any ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
