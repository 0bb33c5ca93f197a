import type { ServerCredentials } from "@grpc/grpc-js";
import { Access } from "./domain/access.js";
import { type Address, formatAddress, isLoopback } from "./kernel/address.js";
import { type AddressRange, parseRange } from "./kernel/address-ranges.js";
import type { Authentication } from "./service/authentication.js";
import { StartError } from "./start-error.js";
import { readTokenFile, TokenFileError } from "./token-file.js";

/** Who may call a daemon. */
export interface EntranceOptions {
  /** Allow an address that others can reach, to whoever reaches it. */
  readonly insecure?: boolean | undefined;
  /** The file of the token that each call has to have. */
  readonly tokenFile?: string | undefined;
  /** With a token: Health answers without. */
  readonly openHealth?: boolean | undefined;
  /** PEM files. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Whose certificates a client has to have one of. */
  readonly tlsClientCa?: string | undefined;
}

/** What guards the API. */
export interface Entrance {
  readonly authentication: Authentication | undefined;
  /** Undefined: no TLS. */
  readonly credentials: ServerCredentials | undefined;
}

/** @throws StartError where others would get in, and where what should keep them out cannot be had. */
export async function entranceOf(listen: Address, options: EntranceOptions): Promise<Entrance> {
  const { insecure, tokenFile, openHealth = false, tlsCert, tlsKey, tlsClientCa } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [given, missing] = tlsKey === undefined ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
    throw new StartError("TLS_OPTIONS", `${given} needs ${missing}: a certificate and its key, both in PEM`);
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    throw new StartError(
      "TLS_OPTIONS",
      "--tls-client-ca needs --tls-cert and --tls-key: only TLS asks for certificates",
    );
  }
  if (openHealth && tokenFile === undefined) {
    throw new StartError("TOKEN_FILE", "--open-health goes with --token-file: without a token all is open");
  }
  const authenticated = tokenFile !== undefined || tlsClientCa !== undefined;
  if (!isLoopback(listen) && !authenticated && insecure !== true) {
    throw new StartError(
      "INSECURE_ADDRESS",
      `${formatAddress(listen)} can be reached by others, and whoever reaches this API commands it: listen on 127.0.0.1, ` +
        "[::1] or unix:/path, ask for a token (--token-file) or a certificate (--tls-client-ca), or say --insecure",
    );
  }
  const authentication = tokenFile === undefined ? undefined : { token: tokenOf(tokenFile), openHealth };
  if (tlsCert === undefined || tlsKey === undefined) return { authentication, credentials: undefined };
  const { tlsCredentials } = await import("./tls-files.js");
  return { authentication, credentials: tlsCredentials({ cert: tlsCert, key: tlsKey, clientCa: tlsClientCa }) };
}

function tokenOf(path: string): string {
  try {
    return readTokenFile(path);
  } catch (error) {
    throw error instanceof TokenFileError ? new StartError("TOKEN_FILE", `--token-file ${error.message}`) : error;
  }
}

/** Where the daemon may listen and dial beside loopback and the usual directories of unix sockets. */
export interface AccessOptions {
  /** `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`. */
  readonly allowListen?: readonly string[] | undefined;
  readonly allowDial?: readonly string[] | undefined;
  /** Absolute paths. */
  readonly allowUnix?: readonly string[] | undefined;
}

/** @throws StartError */
export function accessOf({ allowListen = [], allowDial = [], allowUnix = [] }: AccessOptions): Access {
  const relative = allowUnix.find((directory) => !directory.startsWith("/"));
  if (relative !== undefined) {
    throw new StartError("ACCESS_OPTIONS", `--allow-unix ${relative}: use the absolute path of a directory`);
  }
  return new Access({
    listen: allowListen.map((text) => rangeOf("--allow-listen", text)),
    dial: allowDial.map((text) => rangeOf("--allow-dial", text)),
    unix: allowUnix,
  });
}

function rangeOf(option: string, text: string): AddressRange {
  const range = parseRange(text);
  if (range !== undefined) return range;
  throw new StartError(
    "ACCESS_OPTIONS",
    `${option} ${text}: use a range of IP addresses, such as 10.0.0.0/8, fd00::/8, 192.0.2.1, or 0.0.0.0/0 and ::/0 for all`,
  );
}
