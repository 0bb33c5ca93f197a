import { Command, type CommanderError, Option } from "commander";
import { describeError } from "./cli/command-error.js";
import { lesson } from "./cli/help.js";
import { version } from "./version.js";

// The `hangup` command. Each verb is a file under cli/, loaded when it is the one that is run.

/** How long what is left over may hold the process up once a verb is done, in ms. */
const lingerMs = 500;

const defaultAddress = "127.0.0.1:4264";

const program = new Command("hangup")
  .description("End named TCP connections exactly as a test asks, by FIN or by RST, and be told what it was.")
  .version(version)
  .enablePositionalOptions()
  .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2))
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  .configureHelp({ sortSubcommands: false })
  .addHelpText("after", lesson);

verb("serve", "run the daemon until SIGTERM, SIGINT or its Shutdown call")
  .option("--listen <address>", "where the API listens: 127.0.0.1:4264, [::1]:0, unix:/path", defaultAddress)
  .option("--ready-file <path>", "also write the ready line to this file, all at once")
  .option("--exit-with-stdin", "end when standard input ends, as it does when the parent dies")
  .option("--idle-timeout <duration>", "end after so long without calls, listeners and sessions: 30s, 10m")
  .option("--insecure", "allow an address that other machines can reach")
  .addOption(logLevel("info"))
  .addHelpText(
    "after",
    "\nPrints one line of JSON on stdout when calls are answered: address, pid, version, apiVersion." +
      "\nSIGTERM or SIGINT ends it with exit code 0; a second one at once.",
  )
  .action(async (options) => (await import("./cli/serve.js")).serve(options));

verb("run", "run a command beside a daemon of its own, whose address it finds in HANGUP_ADDRESS")
  .usage("[options] -- <command...>")
  .argument("<command...>", "the command and its arguments")
  .option("--listen <address>", "where the API listens: 127.0.0.1:0, [::1]:0, unix:/path", "127.0.0.1:0")
  .option("--isolated", "run both in a network namespace of their own, where every action works without root")
  .option("--privileged", "with --isolated: the command too may do there what the daemon may")
  .addOption(new Option("--inside [how]", "how --isolated starts itself once more").hideHelp())
  .addOption(logLevel("warn"))
  .passThroughOptions()
  .addHelpText(
    "after",
    "\nSIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command; the daemon ends when it does." +
      "\nExit code: the command's; 128 + N when signal N ended it; 126 not executable; 127 not found." +
      "\nIsolated, they see no network but their own 127.0.0.1 and ::1, and what the command leaves running ends with" +
      "\nit; exit code 69 where this machine forbids it.",
  )
  .action(async (command, options) => {
    if (options.isolated === true) {
      process.exitCode = await (await import("./cli/isolated.js")).runIsolated(command, options);
      return;
    }
    if (options.inside !== undefined) await (await import("./cli/isolated.js")).enterIsolation(options.inside);
    process.exitCode = await (await import("./cli/run.js")).run(command, options);
  });

talking("listen", "create a listener that echoes, and print the address to dial")
  .argument("[name]", "its name; the daemon makes one if not given")
  .option("--host <ip>", "the IP address to bind: 127.0.0.1, ::1, :: for both families")
  .option("--port <port>", "the TCP port; 0, the default, takes a free one")
  .option("--unix-path <path>", "listen on a unix socket instead")
  .addOption(onPeerFin("close-too"))
  .addOption(label())
  .action(async (name, options) => (await import("./cli/listen.js")).listen(name, options));

talking("dial", "open a session to a target, and print the session's name")
  .argument("<target>", "host:port, [ipv6]:port or unix:/path")
  .option("--name <name>", "the session's name; the daemon makes one if not given")
  .option("--timeout <duration>", "how long the connect may take (default: 5s)")
  .option("--local-address <address>", "the local IP address to dial from, with or without port")
  .addOption(onPeerFin("stay-open"))
  .addOption(label())
  .action(async (target, options) => (await import("./cli/dial.js")).dial(target, options));

talking("sessions", "list the sessions, oldest first")
  .option("--listener <name>", "only those of this listener")
  .option("--living", "only those that have not ended")
  .action(async (options) => (await import("./cli/sessions.js")).sessions(options));

ending("close", "FIN after all that was written; the peer reads EOF")
  .option("--flush-timeout <duration>", "how long the FIN may wait for a peer that does not read (default: 5s)")
  .option("--drain-timeout <duration>", "how long the peer may take to send its own FIN (default: 10s)")
  .action(async (session, options) => (await import("./cli/close.js")).close(session, options));

ending("half-close", "FIN, and go on reading; the peer reads EOF and may still send")
  .option("--flush-timeout <duration>", "how long the FIN may wait for a peer that does not read (default: 5s)")
  .action(async (session, options) => (await import("./cli/half-close.js")).halfClose(session, options));

ending("reset", "RST at once; the peer gets ECONNRESET, and never what was still unsent").action(async (session, options) =>
  (await import("./cli/reset.js")).reset(session, options),
);

talking("watch", "print events as they happen, one on a line")
  .option("--after-sequence <number>", "begin after this event; 0 begins with the oldest known (default: from now on)")
  .option("--max-events <count>", "end after so many, not counting `subscribed`")
  .option("--listener <name>", "only those of this listener and its sessions")
  .option("--session <name>", "only those of this session")
  .option("--kinds <kinds>", "only these: session_opened,peer_fin,session_ended (default: all but the data ones)")
  .option("--daemon-uid <uid>", "the daemon that --after-sequence is from, as `subscribed` tells it")
  .action(async (options) => (await import("./cli/watch.js")).watch(options));

asking("info", "tell what the daemon is, and what it can do on its machine").action(async (options) =>
  (await import("./cli/info.js")).info(options),
);

function verb(name: string, description: string): Command {
  return program.command(name).description(description);
}

function asking(name: string, description: string): Command {
  return verb(name, description)
    .addOption(new Option("--address <address>", "where the daemon is").env("HANGUP_ADDRESS").default(defaultAddress))
    .option("--json", "print the reply as one line of JSON");
}

function talking(name: string, description: string): Command {
  return asking(name, description).option("--scope <scope>", "the scope (default: default)");
}

function ending(name: string, description: string): Command {
  return talking(name, description)
    .argument("<session>", "the session's name, such as echo/1")
    .option("--uid <uid>", "only if the session of that name is this very one");
}

function logLevel(level: string): Option {
  const levels = ["debug", "info", "warn", "error", "silent"];
  return new Option("--log-level <level>", "of the log on stderr").choices(levels).default(level);
}

function onPeerFin(usual: string): Option {
  const description = `what a session does when its peer has sent FIN (default: ${usual})`;
  return new Option("--on-peer-fin <what>", description).choices(["close-too", "stay-open"]);
}

function label(): Option {
  return new Option("--label <key=value>", "a note of yours; as often as wanted").argParser(
    (pair: string, before: string[] | undefined) => [...(before ?? []), pair],
  );
}

/** Commander's complaint as one line of ours. */
function usageLine(text: string): string {
  const message = text.trim().replace(/^error: /, "").replace(/\.$/, "").replaceAll(/\s*\n\s*/g, " ");
  return `hangup: ${message}; see hangup --help (USAGE)\n`;
}

// Whoever reads our output has read enough: `hangup watch | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

program
  .parseAsync()
  .catch((error: unknown) => {
    const { line, exitCode } = describeError(error);
    process.stderr.write(`${line}\n`);
    process.exitCode = exitCode;
  })
  .finally(() => setTimeout(() => process.exit(), lingerMs).unref());
