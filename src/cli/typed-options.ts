import { Option } from "commander";
import { usageError } from "./command-error.js";
import { protoDuration } from "./duration.js";

// Options whose values are fields of the contract: read as they are typed, and wrong usage when they cannot be meant. The
// name of each is that of its field, so that a verb's options are its request in ProtoJSON.

/** `--timeout <duration>`: 500ms, 2s, 1m. */
export function durationOption(flags: string, description: string): Option {
  return reading(flags, description, protoDuration);
}

/** A whole number up to `max`, which is what the field can carry; the daemon knows the real bounds. */
export function numberOption(flags: string, description: string, max: number = 2 ** 32 - 1): Option {
  return reading(flags, description, (option, text) => wholeNumber(option, text, max));
}

/** A field of 64 bits. */
export function longOption(flags: string, description: string): Option {
  return numberOption(flags, description, Number.MAX_SAFE_INTEGER);
}

/** The names of an enum as one types them, `at-first-byte`, read as the contract has them, in any dress. */
export function enumOption(flags: string, description: string, words: readonly string[]): Option {
  const read = (option: string, text: string) => {
    const word = text.toLowerCase().replaceAll("_", "-");
    if (!words.includes(word)) throw usageError(`${option} ${text}: use ${words.join(", ")}`);
    return word.toUpperCase().replaceAll("-", "_");
  };
  return reading(flags, `${description}: ${words.join(", ")}`, read);
}

/** Bytes that are no text. */
export function base64Option(flags: string, description: string): Option {
  return reading(flags, `${description}, in base64`, (option, text) => {
    if (!/^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(text))
      throw usageError(`${option} ${text}: this is no base64`);
    return text;
  });
}

/** `--label k=v`, as often as wanted. */
export function labelOption(): Option {
  return new Option("--label <key=value>", "a note of yours; as often as wanted").argParser(
    (pair: string, before: Record<string, string> | undefined) => {
      const at = pair.indexOf("=");
      if (at < 1) throw usageError(`--label ${pair}: use key=value`);
      return { ...before, [pair.slice(0, at)]: pair.slice(at + 1) };
    },
  );
}

function reading<Value>(flags: string, description: string, read: (option: string, text: string) => Value): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => read(option.long ?? flags, text));
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw usageError(`${option} ${text}: use a whole number from 0 to ${max}`);
  return value;
}
