import { type Command, Option } from "commander";
import { accessOptions, tokenFileOption } from "./access-options.js";
import { actionVerbs } from "./action-verbs.js";
import { behaviourOptions } from "./behaviour-options.js";
import { defaultAddress } from "./serve-verb.js";
import { durationOption, enumOption, labelOption, longOption, numberOption } from "./typed-options.js";
import { logLevel, verb, withOptions } from "./verb.js";

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

/** Adds all verbs but `serve`, in the order of `hangup --help`. */
export function addVerbs(program: Command): void {
  withOptions(
    verb(program, "run", "run a command beside a daemon of its own, whose address it finds in HANGUP_ADDRESS"),
    [tokenFileOption(), ...accessOptions()],
  )
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
        process.exitCode = await (await import("./isolated.js")).runIsolated(command, options);
        return;
      }
      if (options.inside !== undefined) await (await import("./isolated.js")).enterIsolation(options.inside);
      process.exitCode = await (await import("./run.js")).run(command, options);
    });

  withOptions(
    verb(program, "pipe", "read requests as lines of JSON, and print replies and events as lines of JSON"),
    endpointOptions(),
  )
    .addOption(logLevel("warn"))
    .addOption(numberOption("--exit-with-process <pid>", "end as at the end of the input when this process does"))
    .addHelpText(
      "after",
      "\nWithout --address and HANGUP_ADDRESS it is a daemon of its own, which ends with it. The first line tells where it is:" +
        '\n{"ready":{"address":...}}. See docs/pipe.md.',
    )
    .action(async (options) => (await import("./pipe.js")).pipe(options));

  asking(program, "info", "tell what the daemon is, and what it can do on its machine").action(async (options) =>
    (await import("./info.js")).info(options),
  );

  talking(program, "watch", "print events as they happen, one on a line")
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
    .action(async (options) => (await import("./watch.js")).watch(options));

  program.commandsGroup("Listeners:");

  listenerFields(
    talking(program, "listen", "create a listener, and print the address to dial")
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
      .addOption(
        numberOption("--receive-buffer-bytes <count>", "SO_RCVBUF from the SYN on (default: the kernel's own)"),
      ),
    { behaviour: "echo", onPeerFin: "close-too" },
  ).action(async (name, options) => (await import("./listen.js")).listen(name, options));

  listenerFields(
    talking(program, "update", "change a listener for the connections still to come; its port is held throughout")
      .argument("<listener>", "its name")
      .addOption(uid("listener")),
  ).action(async (listener, options) => (await import("./update.js")).update(listener, options));

  talking(program, "listeners", "list the listeners, oldest first").action(async (options) =>
    (await import("./listeners.js")).listeners(options),
  );

  talking(program, "delete", "delete a listener and end its sessions, and print how they ended")
    .argument("<listener>", "its name")
    .addOption(uid("listener"))
    .addOption(enumOption("--sessions <how>", "how the living ones end (default: reset)", ["reset", "close"]))
    .addOption(
      durationOption("--drain-timeout <duration>", "with close: how long the peers may take to end too (default: 10s)"),
    )
    .addOption(maxResults())
    .action(async (listener, options) => (await import("./delete.js")).deleteListener(listener, options));

  program.commandsGroup("Sessions:");

  withOptions(
    talking(program, "dial", "open a session to a target, and print the session's name")
      .argument("<target>", "host:port, [ipv6]:port or unix:/path")
      .option("--name <name>", "the session's name; the daemon makes one if not given")
      .addOption(durationOption("--timeout <duration>", "how long the connect may take (default: 5s)"))
      .option("--local-address <address>", "the local IP address to dial from, with or without port")
      .addOption(onPeerFin("stay-open"))
      .option("--plan <file>", "what shall become of it: a plan, in YAML or JSON (docs/plans.md)")
      .addOption(labelOption()),
    behaviourOptions("manual"),
  ).action(async (target, options) => (await import("./dial.js")).dial(target, options));

  talking(program, "sessions", "list the sessions, oldest first")
    .option("--listener <name>", "only those of this listener")
    .option("--living", "only those that have not ended")
    .action(async (options) => (await import("./sessions.js")).sessions(options));

  talking(program, "session", "print all that is known of one session")
    .argument("<session>", "its name, such as echo/1")
    .option("--full", "with the kernel's view: TCP_INFO, and how long its state will last")
    .action(async (session, options) => (await import("./session.js")).session(session, options));

  talking(program, "wait", "wait until a session is there and all that is asked holds, and print its name")
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
    .action(async (session, options) => (await import("./wait.js")).wait(session, options));

  talking(program, "receive", "take bytes that the peer sent, and print them as they are")
    .argument("<session>", "the name of one that keeps them: a dialed one, or one whose behaviour is manual")
    .addOption(uid("session"))
    .addOption(numberOption("--min-bytes <count>", "wait for so many, or the end of the stream (default: 1)"))
    .addOption(numberOption("--max-bytes <count>", "take at most so many (default: 1048576)"))
    .addOption(durationOption("--timeout <duration>", "how long to wait (default: 5s)"))
    .addHelpText(
      "after",
      "\nAt EOF it prints what there is. An error behind the bytes, such as ECONNRESET, is exit code 1.",
    )
    .action(async (session, options) => (await import("./receive.js")).receive(session, options));

  talking(
    program,
    "signal",
    "fire a signal that steps of plans wait for, and print how many living sessions it reached",
  )
    .argument("<name>", "the signal's name, as the plans have it")
    .option("--session <name>", "for this session alone")
    .option("--listener <name>", "for the sessions of this listener, those to come too")
    .option("--all", "for all sessions of the scope, those to come too")
    .action(async (name, options) => (await import("./signal.js")).signal(name, options));

  for (const [group, actions] of Object.entries(actionVerbs)) {
    program.commandsGroup(group);
    for (const action of actions) {
      withOptions(targeting(program, action.name, action.does), action.options).action(async (sessions, options) =>
        (await import("./perform.js")).perform(action, sessions, options),
      );
    }
  }

  program.commandsGroup("Scopes:");

  const scope = verb(
    program,
    "scope",
    "own listeners and sessions together, and end them together: create, hold, delete, list",
  );

  asking(scope, "create", "make a scope, and print its name")
    .argument("[name]", "its name; the daemon makes one if not given")
    .addOption(
      durationOption("--ttl <duration>", "how long it lives without being used, 1 s to 24 hours (default: 10m)"),
    )
    .addOption(labelOption())
    .action(async (name, options) => (await import("./scope.js")).create(name, options));

  asking(scope, "hold", "hold a scope, made if it is not there: it lives as long as this command; prints its name")
    .argument("[name]", "its name; the daemon makes one if not given")
    .addOption(labelOption())
    .action(async (name, options) => (await import("./scope.js")).hold(name, options));

  asking(scope, "delete", "end a scope and all that is in it, and print what it was")
    .argument("<name>", "its name; `default` is emptied and stays")
    .addOption(uid("scope"))
    .action(async (name, options) => (await import("./scope.js")).deleteScope(name, options));

  asking(scope, "list", "list the scopes, oldest first").action(async (options) =>
    (await import("./scope.js")).listScopes(options),
  );

  program.commandsGroup("Packets:");

  const capture = verb(program, "capture", "capture the packets of sessions: start, stop, packets");

  talking(capture, "start", "begin to capture, and print the capture's name")
    .argument("[name]", "its name (default: capture)")
    .option("--listener <name>", "only the connections of this listener")
    .action(async (name, options) => (await import("./capture.js")).start(name, options));

  talking(capture, "stop", "end a capture; its packets stay readable")
    .argument("[name]", "its name (default: capture)")
    .action(async (name, options) => (await import("./capture.js")).stop(name, options));

  talking(capture, "packets", "write what was captured as a pcap file, or print the segments of one session")
    .argument("[name]", "the capture's name (default: capture)")
    .option("--pcap <file>", "the file, for Wireshark or tcpdump; - is standard output")
    .option("--session <name>", "the segments of this session")
    .action(async (name, options) => (await import("./capture.js")).packets(name, options));
}

function asking(parent: Command, name: string, description: string): Command {
  const [address, ...credentials] = endpointOptions();
  return withOptions(verb(parent, name, description), [address!.default(defaultAddress), ...credentials]).option(
    "--json",
    "print the reply as one line of JSON",
  );
}

/** Where the daemon is, and what it wants to see. */
function endpointOptions(): Option[] {
  return [
    new Option("--address <address>", "where the daemon is").env("HANGUP_ADDRESS"),
    new Option("--token-file <path>", "the file of the daemon's token").env("HANGUP_TOKEN_FILE"),
    new Option("--tls-ca <path>", "speak TLS with a daemon whose certificate is of this CA").env("HANGUP_TLS_CA"),
    new Option("--tls-cert <path>", "the certificate to show it, in PEM").env("HANGUP_TLS_CERT"),
    new Option("--tls-key <path>", "the key of the certificate, in PEM").env("HANGUP_TLS_KEY"),
  ];
}

function talking(parent: Command, name: string, description: string): Command {
  return asking(parent, name, description).option("--scope <scope>", "the scope (default: default)");
}

function targeting(program: Command, name: string, description: string): Command {
  return talking(program, name, description)
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

function uid(of: string): Option {
  return new Option("--uid <uid>", `only if the ${of} of that name is this very one`);
}

function maxResults(): Option {
  return numberOption("--max-results <count>", "at most so many receipts; counts are always complete (default: 100)");
}

function onPeerFin(usual?: string): Option {
  const without = usual === undefined ? "" : ` (default: ${usual})`;
  return enumOption("--on-peer-fin <what>", `what a session does at its peer's FIN${without}`, [
    "close-too",
    "stay-open",
  ]);
}
