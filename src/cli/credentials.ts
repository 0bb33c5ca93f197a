import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ChannelCredentials, type ChannelOptions } from "nice-grpc";
import type { Address } from "../kernel/address.js";
import { isIP } from "../kernel/ip.js";
import { isToken, readTokenFile, TokenFileError } from "../token-file.js";
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
  if (tokenFile === undefined) {
    const token = process.env["HANGUP_TOKEN"]?.trim() ?? "";
    if (token !== "" && !isToken(token)) throw usageError("HANGUP_TOKEN: a token is one word of ASCII characters");
    return token === "" ? undefined : token;
  }
  try {
    return readTokenFile(tokenFile);
  } catch (error) {
    throw error instanceof TokenFileError ? new CommandError("TOKEN_FILE", `--token-file ${error.message}`) : error;
  }
}

/** How to speak with a daemon: TLS if any of its files is given. */
export interface Transport {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/** @throws CommandError where a file cannot be had. */
export function transportTo(target: Address, files: Endpoint): Transport | undefined {
  const { tlsCa, tlsCert, tlsKey } = files;
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw usageError("--tls-cert and --tls-key go together: a certificate and its key, both in PEM");
  }
  const [ca, cert, key] = [read("--tls-ca", tlsCa), read("--tls-cert", tlsCert), read("--tls-key", tlsKey)];
  try {
    // A server name is never an IP address (RFC 6066, section 3), nor a path: the name sent is this one then, and the
    // certificate has to be for the address, or on a unix socket for the name.
    const named = target.kind === "tcp" && isIP(target.host) === 0;
    const identity =
      named || target.kind === "unix"
        ? {}
        : { checkServerIdentity: (_: string, { raw }: { raw: Buffer }) => isFor(target.host, raw) };
    const credentials = ChannelCredentials.createSsl(ca, key, cert, identity);
    return { credentials, options: named ? {} : { "grpc.ssl_target_name_override": "localhost" } };
  } catch (error) {
    throw new CommandError("TLS_FILE", `TLS cannot be had with these files: ${(error as Error).message}`);
  }
}

function isFor(host: string, certificate: Buffer): Error | undefined {
  if (new X509Certificate(certificate).checkIP(host) !== undefined) return undefined;
  return new Error(`its certificate is not for ${host}`);
}

function read(option: string, path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError("TLS_FILE", `${option} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
