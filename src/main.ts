import { Command, type CommanderError } from "commander";
import { describeError } from "./cli/command-error.js";
import { lesson } from "./cli/help.js";
import { addServe } from "./cli/serve-verb.js";
import { version } from "./version.js";

// The `hangup` command. Each verb is a file under cli/, loaded when it is the one that is run.

/** How long what is left over may hold the process up once a verb is done, in ms. */
const lingerMs = 500;

const program = new Command("hangup")
  .description("End named TCP connections exactly as a test asks, by FIN or by RST, and be told what it was.")
  .version(version)
  .enablePositionalOptions()
  .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2))
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  .configureHelp({ sortSubcommands: false })
  .addHelpText("after", lesson);

program.commandsGroup("The daemon:");
addServe(program);

/** Commander's complaint as one line of ours. */
function usageLine(text: string): string {
  const message = text
    .trim()
    .replace(/^error: /, "")
    .replace(/\.$/, "")
    .replaceAll(/\s*\n\s*/g, " ");
  return `hangup: ${message}; see hangup --help (USAGE)\n`;
}

// Whoever reads our output has read enough: `hangup watch | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

async function main(): Promise<void> {
  // To describe the others takes longer than to start a daemon's own modules.
  if (process.argv[2] !== "serve") (await import("./cli/verbs.js")).addVerbs(program);
  await program.parseAsync();
}

main()
  .catch((error: unknown) => {
    const { line, exitCode } = describeError(error);
    process.stderr.write(`${line}\n`);
    process.exitCode = exitCode;
  })
  .finally(() => setTimeout(() => process.exit(), lingerMs).unref());
