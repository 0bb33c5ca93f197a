import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChannelCredentials, Client, Metadata } from "@grpc/grpc-js";
import { pino } from "pino";
import { type Daemon, type DaemonOptions, startDaemon } from "../../src/daemon.js";
import { StartError } from "../../src/start-error.js";
import { type Answer, ask, everyRpc } from "../support/every-rpc.js";
import { type Certificate, certificateObstacle, Certificates } from "../support/certificates.js";

const obstacle = certificateObstacle();
const describeTls = obstacle === undefined || process.env["CI"] === "true" ? describe : describe.skip;
const because = obstacle === undefined ? "" : ` (not run: ${obstacle})`;

const logger = pino({ level: "silent" });
const everywhere = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
const loopback = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const token = "0123456789abcdef";

describeTls(`TLS${because}`, () => {
  let files: Certificates;
  let tls: { tlsCert: string; tlsKey: string };
  let mutual: DaemonOptions;

  beforeAll(() => {
    files = new Certificates();
    tls = { tlsCert: files.daemon.cert, tlsKey: files.daemon.key };
    mutual = { listen: everywhere, logger, ...tls, tlsClientCa: files.ca.cert };
  });
  afterAll(() => files[Symbol.dispose]());

  /** How GetInfo is answered to a client that trusts the CA and has this certificate. */
  async function getInfo(daemon: Daemon, certificate?: Certificate, bearer?: string): Promise<Answer> {
    const [answer] = await askAll(daemon, certificate, bearer, [
      { path: "/hangup.v1.DaemonService/GetInfo", clientStreams: false },
    ]);
    return answer!;
  }

  async function askAll(daemon: Daemon, certificate?: Certificate, bearer?: string, rpcs = everyRpc()) {
    const [key, cert] =
      certificate === undefined ? [] : [readFileSync(certificate.key), readFileSync(certificate.cert)];
    const credentials = ChannelCredentials.createSsl(readFileSync(files.ca.cert), key, cert);
    const client = new Client(daemon.address, credentials);
    const metadata = new Metadata();
    if (bearer !== undefined) metadata.set("authorization", `Bearer ${bearer}`);
    try {
      const answers: Answer[] = [];
      for (const rpc of rpcs) answers.push(await ask(client, rpc, metadata));
      return answers;
    } finally {
      client.close();
    }
  }

  test("with a client CA a client with its certificate is answered, on an address that others can reach", async () => {
    await using daemon = await startDaemon(mutual);
    expect(await getInfo(daemon, files.client)).toMatchObject({ code: "OK" });
  });

  test("with a client CA no RPC of a client without certificate is answered: the handshake fails", async () => {
    await using daemon = await startDaemon(mutual);
    const codes = (await askAll(daemon)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["UNAVAILABLE"]));
  });

  test("with a client CA no RPC of a client with the certificate of another CA is answered", async () => {
    await using daemon = await startDaemon(mutual);
    const codes = (await askAll(daemon, files.stranger)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["UNAVAILABLE"]));
  });

  test("with a client CA clear text is not answered", async () => {
    await using daemon = await startDaemon({ ...mutual, listen: loopback });
    const client = new Client(daemon.address, ChannelCredentials.createInsecure());
    const [rpc] = everyRpc();
    expect(await ask(client, rpc!, new Metadata())).toMatchObject({ code: "UNAVAILABLE" });
    client.close();
  });

  test("with a client CA and a token both are wanted", async () => {
    const tokenFile = join(files.folder, "token");
    writeFileSync(tokenFile, token);
    await using daemon = await startDaemon({ ...mutual, tokenFile });
    expect(await getInfo(daemon, files.client, token)).toMatchObject({ code: "OK" });
    expect(await getInfo(daemon, files.client)).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await getInfo(daemon, undefined, token)).toMatchObject({ code: "UNAVAILABLE" });
  });

  test("with a token and no client CA the token goes over TLS", async () => {
    const tokenFile = join(files.folder, "token");
    writeFileSync(tokenFile, token);
    await using daemon = await startDaemon({ listen: everywhere, logger, ...tls, tokenFile });
    expect(await getInfo(daemon, undefined, token)).toMatchObject({ code: "OK" });
    expect(await getInfo(daemon)).toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a client that does not know the CA of the daemon does not call it", async () => {
    await using daemon = await startDaemon({ listen: loopback, logger, ...tls });
    const client = new Client(daemon.address, ChannelCredentials.createSsl(readFileSync(files.otherCa.cert)));
    const [rpc] = everyRpc();
    expect(await ask(client, rpc!, new Metadata())).toMatchObject({ code: "UNAVAILABLE" });
    client.close();
  });

  test("TLS alone keeps nobody out: an address that others can reach is refused", async () => {
    const starting = startDaemon({ listen: everywhere, logger, ...tls });
    await expect(starting).rejects.toMatchObject({ reason: "INSECURE_ADDRESS" });
  });

  test.each<[string, () => Partial<DaemonOptions>, string, RegExp]>([
    ["a certificate without key", () => ({ tlsCert: files.daemon.cert }), "TLS_OPTIONS", /--tls-cert needs --tls-key/],
    ["a key without certificate", () => ({ tlsKey: files.daemon.key }), "TLS_OPTIONS", /--tls-key needs --tls-cert/],
    ["a client CA alone", () => ({ tlsClientCa: files.ca.cert }), "TLS_OPTIONS", /--tls-client-ca needs --tls-cert/],
    [
      "the key of another",
      () => ({ ...tls, tlsKey: files.client.key }),
      "TLS_FILE",
      /is not the key of the certificate/,
    ],
    [
      "a key for a certificate",
      () => ({ ...tls, tlsCert: files.daemon.key }),
      "TLS_FILE",
      /--tls-cert .* is no certificate/,
    ],
    [
      "a certificate for a key",
      () => ({ ...tls, tlsKey: files.daemon.cert }),
      "TLS_FILE",
      /--tls-key .* is no private key/,
    ],
    ["a file that is not there", () => ({ ...tls, tlsCert: "/nowhere" }), "TLS_FILE", /--tls-cert .* \(ENOENT\)/],
    [
      "a client CA that is none",
      () => ({ ...tls, tlsClientCa: files.ca.key }),
      "TLS_FILE",
      /--tls-client-ca .* is no cert/,
    ],
    ["a broken certificate", () => ({ ...tls, tlsCert: broken(files) }), "TLS_FILE", /--tls-cert .* is no certificate/],
  ])("%s is a start error of one line", async (_, options, reason, message) => {
    const error = await startDaemon({ listen: loopback, logger, ...options() }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ reason, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain("\n");
  });
});

function broken({ folder }: Certificates): string {
  const path = join(folder, "broken.pem");
  writeFileSync(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  return path;
}
