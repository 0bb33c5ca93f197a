import { basename } from "node:path";
import { runInThisContext } from "node:vm";
import { version } from "../../../src/version.js";
import { findDaemon } from "./daemon.js";
import { Wire } from "./wire.js";

// One daemon and one connection for a process, however often this code is loaded. Test runners load it anew for each file
// of tests, into a realm with globals of its own that ends with the file: jest does. So the wires are kept, and live,
// outside of all those: where the process itself began.

/** Finds or starts the daemon that this environment is about, and connects to it. */
type OpenWire = (env: NodeJS.ProcessEnv, folder: string) => Promise<Wire>;

/** Others may have another form of it: what is shared is of one version. */
const key = Symbol.for(`hangup ${version}: wire`);

const outside = runInThisContext("globalThis") as { [key]?: OpenWire; readonly process: NodeJS.Process };

/** What says which daemon. */
const variables = ["HANGUP_ADDRESS", "HANGUP_TOKEN_FILE", "HANGUP_TOKEN", "HANGUP_COMMAND"];

const wires = new Map<string, Promise<Wire>>();

async function openHere(env: NodeJS.ProcessEnv, folder: string): Promise<Wire> {
  const asked = JSON.stringify(variables.map((name) => env[name] ?? ""));
  const known = wires.get(asked);
  if (known !== undefined) {
    const wire = await known;
    if (wire.daemon.lastWords() === "") return wire;
    // Its daemon was started here, and has ended.
    if (wires.get(asked) === known) wires.delete(asked);
  }
  const wire = wires.get(asked) ?? findDaemon(env, folder).then((daemon) => new Wire(daemon));
  wires.set(asked, wire);
  // What failed to start is tried again at the next use.
  wire.catch(() => wires.get(asked) === wire && wires.delete(asked));
  return wire;
}

if (outside === globalThis) outside[key] ??= openHere;

/** The wire that all of this process share. */
export function sharedWire(): Promise<Wire> {
  if (outside[key] === undefined) loadOutside();
  return (outside[key] ?? openHere)(process.env, process.cwd());
}

/** Loads this package as the process itself would, which leaves `openHere` there. */
function loadOutside(): void {
  // In a bundle of somebody else this file is no longer what it was, and everything is in one realm or in one file.
  if (basename(__filename) !== "client.cjs") return;
  const { process: real } = outside;
  // Before Node 20.16 it is had of the program's own module, where it has one.
  const createRequire = real.getBuiltinModule?.("node:module").createRequire;
  (createRequire?.(__filename) ?? real.mainModule?.require.bind(real.mainModule))?.(__filename);
}
