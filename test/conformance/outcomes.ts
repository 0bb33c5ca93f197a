// Writes what a peer sees into the manual: the blocks between `outcomes:begin` and `outcomes:end`.
//   --seen <file>   what run.ts saw, and then the other languages are run
//   --check         nothing is run or written; fails when the manual has another shape than the catalogue. How often
//                   an outcome came, and in which words a language tells it, is the run's.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startDaemon } from "../../src/daemon.js";
import { Clients } from "../support/daemon.js";
import type { LanguageResult } from "./languages.js";
import { runLanguages } from "./languages.js";
import type { Observed } from "./observed.js";
import { isInShape, pages, rendered } from "./pages.js";

const { values } = parseArgs({ options: { seen: { type: "string" }, check: { type: "boolean", default: false } } });
const root = resolve(__dirname, "../..");

async function languages(): Promise<LanguageResult[]> {
  const daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
  });
  const clients = new Clients(daemon.address);
  const folder = mkdtempSync(join(tmpdir(), "hangup-peers-"));
  try {
    return await runLanguages(clients, join(root, "test/conformance/peers"), folder);
  } finally {
    rmSync(folder, { recursive: true });
    await clients[Symbol.asyncDispose]();
    await daemon.stop();
  }
}

async function main(): Promise<void> {
  if (values.check) {
    const stale = pages().filter(
      (page) => !existsSync(join(root, page)) || !isInShape(page, readFileSync(join(root, page), "utf8")),
    );
    for (const page of stale) console.error(`${page} is stale: npm run docs:outcomes`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  const seen = JSON.parse(readFileSync(values.seen ?? "", "utf8")) as Observed[];
  const results = await languages();
  for (const page of pages()) {
    const path = join(root, page);
    writeFileSync(path, rendered(page, readFileSync(path, "utf8"), seen, results));
    console.log(page);
  }
}

void main();
