import { readFileSync } from "node:fs";
import { ChannelCredentials } from "nice-grpc";
import { readTokenFile, TokenFileError } from "../token-file.js";
import { CommandError, usageError } from "./command-error.js";

/** Where a daemon is, and what it wants to see. */
export interface Endpoint {
  readonly address: string;
  readonly tokenFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** The variables of the environment that are about one daemon; HANGUP_TOKEN is the token itself. */
export const credentialVariables = [
  "HANGUP_TOKEN",
  "HANGUP_TOKEN_FILE",
  "HANGUP_TLS_CA",
  "HANGUP_TLS_CERT",
  "HANGUP_TLS_KEY",
] as const;

/** The token to call with; undefined: none. That of a file goes before HANGUP_TOKEN. */
export function tokenOf({ tokenFile }: Endpoint): string | undefined {
  if (tokenFile === undefined) return process.env["HANGUP_TOKEN"]?.trim() || undefined;
  try {
    return readTokenFile(tokenFile);
  } catch (error) {
    throw error instanceof TokenFileError ? new CommandError("TOKEN_FILE", `--token-file ${error.message}`) : error;
  }
}

/** TLS if any of its files is given; undefined: clear text. */
export function channelCredentials({ tlsCa, tlsCert, tlsKey }: Endpoint): ChannelCredentials | undefined {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw usageError("--tls-cert and --tls-key go together: a certificate and its key, both in PEM");
  }
  const [ca, cert, key] = [read("--tls-ca", tlsCa), read("--tls-cert", tlsCert), read("--tls-key", tlsKey)];
  try {
    return ChannelCredentials.createSsl(ca, key, cert);
  } catch (error) {
    throw new CommandError("TLS_FILE", `TLS cannot be had with these files: ${(error as Error).message}`);
  }
}

function read(option: string, path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError("TLS_FILE", `${option} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
