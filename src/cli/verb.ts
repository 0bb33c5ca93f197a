import { type Command, Option } from "commander";

// What the definitions of all verbs have in common.

/** A new verb of the command, or of a group of verbs. */
export function verb(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description);
}

/** Gives a verb its options. */
export function withOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

/** `--log-level`, with what it is if not given. */
export function logLevel(level: string): Option {
  const levels = ["debug", "info", "warn", "error", "silent"];
  return new Option("--log-level <level>", "of the log on stderr").choices(levels).default(level);
}
