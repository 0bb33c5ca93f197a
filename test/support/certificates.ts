import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why none can be made here; undefined where they can. */
export function certificateObstacle(): string | undefined {
  return spawnSync("openssl", ["version"]).status === 0 ? undefined : "no openssl on PATH";
}

/** A certificate and its key, as paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** PEM files of a CA of the test's own, a daemon and a client that it signed, and a client that another CA signed. */
export class Certificates implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "hangup-"));
  readonly ca = this.selfSigned("ca");
  readonly daemon = this.signed("daemon", this.ca, "subjectAltName=IP:127.0.0.1,DNS:localhost");
  readonly client = this.signed("client", this.ca, "extendedKeyUsage=clientAuth");
  readonly otherCa = this.selfSigned("other-ca");
  readonly stranger = this.signed("stranger", this.otherCa, "extendedKeyUsage=clientAuth");

  private path(name: string): Certificate {
    return { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
  }

  private request(name: string, ...args: string[]): Certificate {
    const { cert, key } = this.path(name);
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", key, "-out", cert, "-days", "2", "-subj", `/CN=${name}`];
    execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...args], { stdio: "pipe" });
    return { cert, key };
  }

  private selfSigned(name: string): Certificate {
    return this.request(name);
  }

  private signed(name: string, ca: Certificate, extension: string): Certificate {
    return this.request(
      name,
      "-CA",
      ca.cert,
      "-CAkey",
      ca.key,
      "-addext",
      extension,
      "-addext",
      "basicConstraints=CA:FALSE",
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
