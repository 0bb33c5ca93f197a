import { Option } from "commander";

// Who may call a daemon, and where it may listen and dial: the options of `serve` and `run`. Each has the name that it
// has in DaemonOptions.

/** `--token-file`, the one that `run` has too. */
export function tokenFileOption(): Option {
  return new Option("--token-file <path>", "the file of a token that each call has to have, at least 16 characters");
}

/** The rest of who may call. */
export function entranceOptions(): readonly Option[] {
  return [
    tokenFileOption(),
    new Option("--open-health", "with --token-file: health checks need no token"),
    new Option("--tls-cert <path>", "speak TLS with this certificate, in PEM"),
    new Option("--tls-key <path>", "the key of the certificate, in PEM"),
    new Option("--tls-client-ca <path>", "let in only clients with a certificate of this CA, in PEM"),
    new Option("--insecure", "allow an address that other machines can reach, to whoever reaches it"),
  ];
}

/** Where it may listen and dial. */
export function accessOptions(): readonly Option[] {
  return [
    listOption("--allow-listen <cidr>", "listeners may be on these addresses too, beside 127.0.0.0/8 and ::1"),
    listOption("--allow-dial <cidr>", "sessions may be dialed to these addresses too: 10.0.0.0/8,fd00::/8"),
    listOption(
      "--allow-unix <directory>",
      "unix sockets may be below this one too, beside the one for temporary files",
    ),
  ];
}

/** As often as wanted, or several with commas between them. */
function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    ...text.split(","),
  ]);
}
