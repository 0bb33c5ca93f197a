import { Command, Option } from "commander";
import { version } from "./version.js";

// The `hangup` command. Each verb is a file under cli/, loaded when it is the one that is run.

const program = new Command("hangup")
  .description("End named TCP connections exactly as a test asks, by FIN or by RST, and be told what it was.")
  .version(version)
  .showHelpAfterError("(hangup --help teaches)")
  .configureHelp({ sortSubcommands: false, showGlobalOptions: true });

program
  .command("serve")
  .description("run the daemon until SIGTERM, SIGINT or its Shutdown call")
  .option("--listen <address>", "where the API listens: 127.0.0.1:4264, [::1]:0, unix:/path", "127.0.0.1:4264")
  .option("--ready-file <path>", "also write the ready line to this file, all at once")
  .option("--exit-with-stdin", "end when standard input ends, as it does when the parent dies")
  .option("--idle-timeout <duration>", "end after so long without calls, listeners and sessions: 30s, 10m")
  .option("--insecure", "allow an address that other machines can reach")
  .addOption(new Option("--log-level <level>", "of the log on stderr").choices(["debug", "info", "warn", "error", "silent"]).default("info"))
  .action(async (options) => {
    const { serve } = await import("./cli/serve.js");
    process.exitCode = await serve(options);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(`hangup: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
