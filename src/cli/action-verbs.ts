import { Option } from "commander";
import { behaviourJson, behaviourOptions } from "./behaviour-options.js";
import { base64Option, durationOption, enumOption, longOption, numberOption } from "./typed-options.js";

/** The verb of one action of the contract. */
export interface ActionVerb {
  /** As in the oneof of Action, in kebab-case. */
  readonly name: string;
  readonly does: string;
  /** The fields of its message. */
  readonly options: readonly Option[];
  /** Its message in ProtoJSON, from what the options say; if not given, each option is a field of the same name. */
  readonly message?: (given: Readonly<Record<string, unknown>>) => object;
}

const flushTimeout = () =>
  durationOption(
    "--flush-timeout <duration>",
    "how long what was written may take to be with the kernel (default: 5s)",
  );

const drainTimeout = () =>
  durationOption("--drain-timeout <duration>", "how long the peer may then take to send its own FIN (default: 10s)");

const bytes = () => [
  new Option("--text <text>", "the bytes, as UTF-8").conflicts("data"),
  base64Option("--data <base64>", "the bytes"),
];

/** All actions, under the headings that `hangup --help` has for them. */
export const actionVerbs: Readonly<Record<string, readonly ActionVerb[]>> = {
  "Endings:": [
    {
      name: "close",
      does: "FIN after all that was written; the peer reads EOF",
      options: [flushTimeout(), drainTimeout()],
    },
    {
      name: "half-close",
      does: "FIN, and go on reading; the peer reads EOF and may still send",
      options: [flushTimeout()],
    },
    {
      name: "reset",
      does: "RST at once; the peer gets ECONNRESET, and never what was still unsent",
      options: [
        new Option("--after-flush", "first wait until the peer's kernel has all that was written"),
        base64Option("--discarded-data <base64>", "bytes written just before, which this RST throws away").conflicts(
          "afterFlush",
        ),
        durationOption("--flush-timeout <duration>", "with --after-flush: how long to wait (default: 5s)"),
      ],
    },
    {
      name: "linger",
      does: "FIN, and RST if the peer has not acknowledged everything in time",
      options: [durationOption("--timeout <duration>", "how long it may take (default: 1s)"), drainTimeout()],
    },
    {
      name: "reset-unread",
      does: "RST because received data is left unread; the peer gets ECONNRESET",
      options: [durationOption("--timeout <duration>", "how long to wait for a byte of the peer (default: 5s)")],
    },
    {
      name: "fin-then-reset",
      does: "FIN and at once RST; the peer reads EOF, and its write gives EPIPE",
      options: [flushTimeout()],
    },
    {
      name: "last-data",
      does: "bytes and FIN in one segment; the peer reads them, then EOF",
      options: [...bytes(), flushTimeout(), drainTimeout()],
    },
    { name: "vanish", does: "gone without a segment; the peer's next one is answered with RST", options: [] },
  ],
  "The network and the window:": [
    {
      name: "black-hole",
      does: "packets are lost until healed; the peer retransmits",
      options: [enumOption("--direction <which>", "which packets (default: inbound)", ["inbound", "both"])],
    },
    { name: "heal", does: "end a black hole; nothing was lost", options: [] },
    { name: "pause", does: "read no more, until the peer's window is zero", options: [] },
    { name: "resume", does: "read on after a pause", options: [] },
  ],
  "Sending:": [
    {
      name: "send",
      does: "send bytes",
      options: [
        ...bytes(),
        numberOption("--random <count>", "so many random bytes").conflicts(["text", "data"]),
        longOption("--seed <number>", "with --random: the same seed gives the same bytes (default: 0)"),
        numberOption("--repeat <count>", "how often (default: 1)"),
        flushTimeout(),
      ],
      message: ({ random, seed, ...fields }) => ({
        ...fields,
        ...(random === undefined ? {} : { random: { bytes: random, seed } }),
      }),
    },
    {
      name: "send-urgent",
      does: "send bytes, the last of them urgent (MSG_OOB)",
      options: [...bytes(), flushTimeout()],
    },
    {
      name: "throttle",
      does: "send slowly from now on, each chunk a segment; without options: at full speed",
      options: [
        longOption("--bytes-per-second <count>", "the rate (default: as chunks and pauses give)"),
        numberOption("--chunk-bytes <count>", "bytes of a chunk (default: 1024)"),
        durationOption("--pause <duration>", "the pause between two chunks (default: 0s)"),
      ],
    },
    {
      name: "delay",
      does: "send late from now on, a FIN too; without options: at once again",
      options: [durationOption("--duration <duration>", "how much later (default: 0s)")],
    },
    {
      name: "set-behaviour",
      does: "do something else with the peer's bytes from now on",
      options: behaviourOptions(),
      message: (given) => ({ behaviour: behaviourJson(given) }),
    },
  ],
};

/** The field of the Action, and its message in ProtoJSON. */
export interface ActionField {
  readonly field: string;
  readonly message: object;
}

/** What the options say: `{ field: "resetUnread", message: { timeout } }`. */
export function actionField(verb: ActionVerb, said: Readonly<Record<string, unknown>>): ActionField {
  const names = verb.options.map((option) => option.attributeName());
  const given = Object.fromEntries(names.filter((name) => said[name] !== undefined).map((name) => [name, said[name]]));
  const field = verb.name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return { field, message: verb.message === undefined ? given : verb.message(given) };
}
