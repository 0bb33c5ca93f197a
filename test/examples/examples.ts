import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { portOf, scratchDirectory, serve, type Served } from "../support/cli.js";

const folder = resolve(__dirname, "../../examples");

/** The names of all examples. */
export function examples(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.replace(/\.yaml$/, ""))
    .toSorted();
}

export function exampleText(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), "utf8");
}

/** A daemon that was started with an example, on a port of its own. */
export interface ServedExample extends AsyncDisposable {
  readonly served: Served;
  readonly listener: string;
  readonly host: string;
  readonly port: number;
}

/** Starts a daemon with an example as it is, but for its port: tests run side by side. */
export async function serveExample(name: string): Promise<ServedExample> {
  const scratch = await scratchDirectory();
  const file = join(scratch.path, `${name}.yaml`);
  await writeFile(file, exampleText(name).replaceAll("port: 9000", "port: 0"));
  const served = await serve("--fixture", file);
  const [[listener, address] = []] = Object.entries(served.ready.listeners ?? {});
  if (listener === undefined || address === undefined)
    throw new Error(`no listener in ${JSON.stringify(served.ready)}`);
  return {
    served,
    listener,
    host: "127.0.0.1",
    port: portOf(address),
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}
