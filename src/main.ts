import { Command, type CommanderError, Option } from "commander";
import { accessOptions, entranceOptions, tokenFileOption } from "./cli/access-options.js";
import { actionVerbs } from "./cli/action-verbs.js";
import { behaviourOptions } from "./cli/behaviour-options.js";
import { describeError } from "./cli/command-error.js";
import { lesson } from "./cli/help.js";
import { durationOption, enumOption, labelOption, longOption, numberOption } from "./cli/typed-options.js";
import { serveExitCodes } from "./cli/exit-codes.js";
import { limitFlags } from "./cli/limit-options.js";
import { version } from "./version.js";

// The `hangup` command. Each verb is a file under cli/, loaded when it is the one that is run.

/** How long what is left over may hold the process up once a verb is done, in ms. */
const lingerMs = 500;

const defaultAddress = "127.0.0.1:4264";

/** As RFC 9293 has them. */
const sessionStates = [
  "unknown",
  "syn-sent",
  "syn-received",
  "established",
  "fin-wait1",
  "fin-wait2",
  "close-wait",
  "closing",
  "last-ack",
  "time-wait",
  "closed",
];

const program = new Command("hangup")
  .description("End named TCP connections exactly as a test asks, by FIN or by RST, and be told what it was.")
  .version(version)
  .enablePositionalOptions()
  .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2))
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  .configureHelp({ sortSubcommands: false })
  .addHelpText("after", lesson);

program.commandsGroup("The daemon:");

const serve = withOptions(verb("serve", "run the daemon until SIGTERM, SIGINT or its Shutdown call"), [
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
      " (default: 10s, on loopback never)",
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
  .action(async (options) => (await import("./cli/serve.js")).serve(options));
for (const [flag, about] of limitFlags) serve.option(flag, about);

withOptions(verb("run", "run a command beside a daemon of its own, whose address it finds in HANGUP_ADDRESS"), [
  tokenFileOption(),
  ...accessOptions(),
])
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

asking("info", "tell what the daemon is, and what it can do on its machine").action(async (options) =>
  (await import("./cli/info.js")).info(options),
);

talking("watch", "print events as they happen, one on a line")
  .addOption(
    longOption(
      "--after-sequence <number>",
      "begin after this event; 0 begins with the oldest known (default: from now on)",
    ),
  )
  .addOption(numberOption("--max-events <count>", "end after so many, not counting `subscribed`"))
  .option("--listener <name>", "only those of this listener and its sessions")
  .option("--session <name>", "only those of this session")
  .option("--kinds <kinds>", "only these: session_opened,peer_fin,session_ended (default: all but the data ones)")
  .option("--daemon-uid <uid>", "the daemon that --after-sequence is from, as `subscribed` tells it")
  .action(async (options) => (await import("./cli/watch.js")).watch(options));

program.commandsGroup("Listeners:");

listenerFields(
  talking("listen", "create a listener, and print the address to dial")
    .argument("[name]", "its name; the daemon makes one if not given")
    .option("--host <ip>", "the IP address to bind: 127.0.0.1, ::1, :: for both families")
    .addOption(numberOption("--port <port>", "the TCP port; 0, the default, takes a free one", 65_535))
    .option("--unix-path <path>", "listen on a unix socket instead")
    .addOption(
      numberOption(
        "--backlog <count>",
        "connections that the kernel completes while nobody accepts, less one (default: 511)",
      ),
    )
    .addOption(numberOption("--receive-buffer-bytes <count>", "SO_RCVBUF from the SYN on (default: the kernel's own)")),
  { behaviour: "echo", onPeerFin: "close-too" },
).action(async (name, options) => (await import("./cli/listen.js")).listen(name, options));

listenerFields(
  talking("update", "change a listener for the connections still to come; its port is held throughout")
    .argument("<listener>", "its name")
    .addOption(uid("listener")),
).action(async (listener, options) => (await import("./cli/update.js")).update(listener, options));

talking("listeners", "list the listeners, oldest first").action(async (options) =>
  (await import("./cli/listeners.js")).listeners(options),
);

talking("delete", "delete a listener and end its sessions, and print how they ended")
  .argument("<listener>", "its name")
  .addOption(uid("listener"))
  .addOption(enumOption("--sessions <how>", "how the living ones end (default: reset)", ["reset", "close"]))
  .addOption(
    durationOption("--drain-timeout <duration>", "with close: how long the peers may take to end too (default: 10s)"),
  )
  .addOption(maxResults())
  .action(async (listener, options) => (await import("./cli/delete.js")).deleteListener(listener, options));

program.commandsGroup("Sessions:");

withOptions(
  talking("dial", "open a session to a target, and print the session's name")
    .argument("<target>", "host:port, [ipv6]:port or unix:/path")
    .option("--name <name>", "the session's name; the daemon makes one if not given")
    .addOption(durationOption("--timeout <duration>", "how long the connect may take (default: 5s)"))
    .option("--local-address <address>", "the local IP address to dial from, with or without port")
    .addOption(onPeerFin("stay-open"))
    .option("--plan <file>", "what shall become of it: a plan, in YAML or JSON (docs/plans.md)")
    .addOption(labelOption()),
  behaviourOptions("manual"),
).action(async (target, options) => (await import("./cli/dial.js")).dial(target, options));

talking("sessions", "list the sessions, oldest first")
  .option("--listener <name>", "only those of this listener")
  .option("--living", "only those that have not ended")
  .action(async (options) => (await import("./cli/sessions.js")).sessions(options));

talking("session", "print all that is known of one session")
  .argument("<session>", "its name, such as echo/1")
  .option("--full", "with the kernel's view: TCP_INFO, and how long its state will last")
  .action(async (session, options) => (await import("./cli/session.js")).session(session, options));

talking("wait", "wait until a session is there and all that is asked holds, and print its name")
  .argument("[session]", "its name; or say --listener, --peer-port or --peer")
  .addOption(uid("session"))
  .option("--listener <name>", "one that this listener accepted: the newest, if not told which")
  .addOption(longOption("--ordinal <number>", "its number in accept order, from 1"))
  .addOption(numberOption("--peer-port <port>", "the peer's TCP port, your client's local one", 65_535))
  .option("--peer <address>", "the peer's address, ip:port")
  .addOption(longOption("--opened-after-sequence <number>", "only one opened after this event"))
  .addOption(enumOption("--condition <fact>", "a fact that stays true", ["ended", "peer-fin", "peer-rst"]))
  .addOption(enumOption("--state <state>", "the state at the moment", sessionStates))
  .addOption(longOption("--bytes-received <count>", "at least so many bytes were read"))
  .addOption(longOption("--bytes-sent <count>", "at least so many bytes were handed to the kernel"))
  .addOption(durationOption("--timeout <duration>", "how long to wait; 0s asks whether it holds now (default: 5s)"))
  .action(async (session, options) => (await import("./cli/wait.js")).wait(session, options));

talking("receive", "take bytes that the peer sent, and print them as they are")
  .argument("<session>", "the name of one that keeps them: a dialed one, or one whose behaviour is manual")
  .addOption(uid("session"))
  .addOption(numberOption("--min-bytes <count>", "wait for so many, or the end of the stream (default: 1)"))
  .addOption(numberOption("--max-bytes <count>", "take at most so many (default: 1048576)"))
  .addOption(durationOption("--timeout <duration>", "how long to wait (default: 5s)"))
  .addHelpText(
    "after",
    "\nAt EOF it prints what there is. An error behind the bytes, such as ECONNRESET, is exit code 1.",
  )
  .action(async (session, options) => (await import("./cli/receive.js")).receive(session, options));

talking("signal", "fire a signal that steps of plans wait for, and print how many living sessions it reached")
  .argument("<name>", "the signal's name, as the plans have it")
  .option("--session <name>", "for this session alone")
  .option("--listener <name>", "for the sessions of this listener, those to come too")
  .option("--all", "for all sessions of the scope, those to come too")
  .action(async (name, options) => (await import("./cli/signal.js")).signal(name, options));

for (const [group, actions] of Object.entries(actionVerbs)) {
  program.commandsGroup(group);
  for (const action of actions) {
    withOptions(targeting(action.name, action.does), action.options).action(async (sessions, options) =>
      (await import("./cli/perform.js")).perform(action, sessions, options),
    );
  }
}

program.commandsGroup("Scopes:");

const scope = verb("scope", "own listeners and sessions together, and end them together: create, hold, delete, list");

asking("create", "make a scope, and print its name", scope)
  .argument("[name]", "its name; the daemon makes one if not given")
  .addOption(
    durationOption("--ttl <duration>", "how long it lives without being used, 1 s to 24 hours (default: 10m)"),
  )
  .addOption(labelOption())
  .action(async (name, options) => (await import("./cli/scope.js")).create(name, options));

asking("hold", "hold a scope, made if it is not there: it lives as long as this command; prints its name", scope)
  .argument("[name]", "its name; the daemon makes one if not given")
  .addOption(labelOption())
  .action(async (name, options) => (await import("./cli/scope.js")).hold(name, options));

asking("delete", "end a scope and all that is in it, and print what it was", scope)
  .argument("<name>", "its name; `default` is emptied and stays")
  .addOption(uid("scope"))
  .action(async (name, options) => (await import("./cli/scope.js")).deleteScope(name, options));

asking("list", "list the scopes, oldest first", scope).action(async (options) =>
  (await import("./cli/scope.js")).listScopes(options),
);

program.commandsGroup("Packets:");

const capture = verb("capture", "capture the packets of sessions: start, stop, packets");

talking("start", "begin to capture, and print the capture's name", capture)
  .argument("[name]", "its name (default: capture)")
  .option("--listener <name>", "only the connections of this listener")
  .action(async (name, options) => (await import("./cli/capture.js")).start(name, options));

talking("stop", "end a capture; its packets stay readable", capture)
  .argument("[name]", "its name (default: capture)")
  .action(async (name, options) => (await import("./cli/capture.js")).stop(name, options));

talking("packets", "write what was captured as a pcap file, or print the segments of one session", capture)
  .argument("[name]", "the capture's name (default: capture)")
  .option("--pcap <file>", "the file, for Wireshark or tcpdump; - is standard output")
  .option("--session <name>", "the segments of this session")
  .action(async (name, options) => (await import("./cli/capture.js")).packets(name, options));

function verb(name: string, description: string, parent = program): Command {
  return parent.command(name).description(description);
}

function asking(name: string, description: string, parent?: Command): Command {
  return verb(name, description, parent)
    .addOption(new Option("--address <address>", "where the daemon is").env("HANGUP_ADDRESS").default(defaultAddress))
    .addOption(new Option("--token-file <path>", "the file of the daemon's token").env("HANGUP_TOKEN_FILE"))
    .addOption(
      new Option("--tls-ca <path>", "speak TLS with a daemon whose certificate is of this CA").env("HANGUP_TLS_CA"),
    )
    .addOption(new Option("--tls-cert <path>", "the certificate to show it, in PEM").env("HANGUP_TLS_CERT"))
    .addOption(new Option("--tls-key <path>", "the key of the certificate, in PEM").env("HANGUP_TLS_KEY"))
    .option("--json", "print the reply as one line of JSON");
}

function talking(name: string, description: string, parent?: Command): Command {
  return asking(name, description, parent).option("--scope <scope>", "the scope (default: default)");
}

function targeting(name: string, description: string): Command {
  return talking(name, description)
    .argument("[session...]", "the sessions' names, such as echo/1")
    .option("--listener <name>", "the living sessions of this listener")
    .option("--all", "all living sessions of the scope")
    .addOption(uid("session"))
    .addOption(maxResults());
}

function listenerFields(command: Command, usual?: { readonly behaviour: string; readonly onPeerFin: string }): Command {
  return withOptions(command, [
    enumOption("--state <state>", "what clients meet", ["listening", "refusing", "stalled", "queueing"]),
    ...behaviourOptions(usual?.behaviour),
    enumOption("--reset-on-accept <when>", "RST for whoever connects", ["never", "at-once", "at-first-byte"]),
    onPeerFin(usual?.onPeerFin),
    new Option(
      "--plan <file>",
      "what shall become of its connections: a plan, or a list of them, in YAML or JSON (docs/plans.md)",
    ),
    labelOption(),
  ]);
}

function withOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

function uid(of: string): Option {
  return new Option("--uid <uid>", `only if the ${of} of that name is this very one`);
}

function maxResults(): Option {
  return numberOption("--max-results <count>", "at most so many receipts; counts are always complete (default: 100)");
}

function logLevel(level: string): Option {
  const levels = ["debug", "info", "warn", "error", "silent"];
  return new Option("--log-level <level>", "of the log on stderr").choices(levels).default(level);
}

function onPeerFin(usual?: string): Option {
  const without = usual === undefined ? "" : ` (default: ${usual})`;
  return enumOption("--on-peer-fin <what>", `what a session does at its peer's FIN${without}`, [
    "close-too",
    "stay-open",
  ]);
}

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

program
  .parseAsync()
  .catch((error: unknown) => {
    const { line, exitCode } = describeError(error);
    process.stderr.write(`${line}\n`);
    process.exitCode = exitCode;
  })
  .finally(() => setTimeout(() => process.exit(), lingerMs).unref());
