import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseSeen, type Seen } from "./seen.js";

/** With the compilation, from nothing. */
const timeoutMs = 240_000;

/** Has a language's client run the scenarios of a file on the daemon at an address. */
export async function runClient(root: string, language: string, list: string, address: string): Promise<Seen> {
  const script = join(root, "clients", language, "conformance.sh");
  const child = spawn("bash", [script, list], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, HANGUP_ADDRESS: address },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const exit = new Promise<number | null>((done, fail) => child.once("exit", done).once("error", fail));
  const [printed, code] = await Promise.all([text(child.stdout), exit]);
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return parseSeen(printed);
}
