import type { Command } from "commander";
import { accessOptions, entranceOptions } from "./access-options.js";
import { serveExitCodes } from "./exit-codes.js";
import { limitFlags } from "./limit-options.js";
import { logLevel, verb, withOptions } from "./verb.js";

/** Where the daemon is, where nobody says otherwise. */
export const defaultAddress = "127.0.0.1:4264";

/** Adds `hangup serve`. */
export function addServe(program: Command): void {
  const serve = withOptions(verb(program, "serve", "run the daemon until SIGTERM, SIGINT or its Shutdown call"), [
    ...entranceOptions(),
    ...accessOptions(),
  ])
    .option("--listen <address>", "where the API listens: 127.0.0.1:4264, [::1]:0, unix:/path", defaultAddress)
    .option("--ready-file <path>", "also write the ready line to this file, all at once")
    .option("--exit-with-stdin", "end when standard input ends, as it does when the parent dies")
    .option("--idle-timeout <duration>", "end after so long without calls, listeners and sessions: 30s, 10m")
    .option(
      "--keepalive <duration>",
      "how often a client is asked whether it is still there, and how long it may take to answer; 0s: never" +
        " (default: 10s, where --listen is loopback never)",
    )
    .option("--fixture <file>", "listeners, sessions and plans to begin with, in YAML or JSON (docs/plans.md)")
    .option("--metrics <address>", "serve Prometheus metrics, at /metrics of 127.0.0.1:9464, [::1]:0, unix:/path")
    .option("--otlp-endpoint <url>", "send a span of each call to this collector, by OTLP over HTTP")
    .addOption(logLevel("info"))
    .addHelpText(
      "after",
      "\nPrints one line of JSON on stdout when calls are answered: address, pid, version, apiVersion, with --metrics" +
        "\nwhere they are, and with --fixture the addresses of its listeners." +
        "\nSIGTERM or SIGINT ends it within two seconds, a second one at once." +
        "\n\nExit codes:" +
        serveExitCodes.map(([code, when]) => `\n  ${code.padEnd(7)}  ${when}`).join(""),
    )
    .action(async (options) => (await import("./serve.js")).serve(options));
  for (const [flag, about] of limitFlags) serve.option(flag, about);
}
