import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ServerCredentials } from "@grpc/grpc-js";
import { StartError } from "./start-error.js";

/** The PEM files of a daemon's TLS. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates a client must show; undefined: none. */
  readonly clientCa?: string | undefined;
}

/** Reads them, and finds out what OpenSSL would only say to each client. @throws StartError */
export function tlsCredentials(files: TlsFiles): ServerCredentials {
  const chain = read("--tls-cert", files.cert);
  const [certificate] = certificatesOf("--tls-cert", files.cert, chain);
  const keyPem = read("--tls-key", files.key);
  const key = keyOf(files.key, keyPem);
  if (certificate?.checkPrivateKey(key) !== true) {
    throw new StartError("TLS_FILE", `--tls-key ${files.key} is not the key of the certificate in ${files.cert}`);
  }
  let clientCa: Buffer | null = null;
  if (files.clientCa !== undefined) {
    clientCa = read("--tls-client-ca", files.clientCa);
    certificatesOf("--tls-client-ca", files.clientCa, clientCa);
  }
  return ServerCredentials.createSsl(clientCa, [{ cert_chain: chain, private_key: keyPem }], clientCa !== null);
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartError("TLS_FILE", `${option} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function certificatesOf(option: string, path: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // As if there were none.
  }
  throw new StartError("TLS_FILE", `${option} ${path} is no certificate in PEM ("-----BEGIN CERTIFICATE-----")`);
}

function keyOf(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const locked = (error as NodeJS.ErrnoException).code === "ERR_MISSING_PASSPHRASE";
    throw new StartError(
      "TLS_FILE",
      `--tls-key ${path} ${locked ? "is encrypted; decrypt it first" : 'is no private key in PEM ("-----BEGIN PRIVATE KEY-----")'}`,
    );
  }
}
