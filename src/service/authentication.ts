import { createHash, timingSafeEqual } from "node:crypto";
import { Metadata, type ServerInterceptor, ServerInterceptingCall, type StatusObject } from "@grpc/grpc-js";
import { DomainError, type ErrorReason } from "../domain/errors.js";
import { Status } from "../gen/google/rpc/status.js";
import { toStatus } from "./status.js";

/** Who may call. */
export interface Authentication {
  /** What a caller has to know. */
  readonly token: string;
  /** Health answers whoever asks. */
  readonly openHealth: boolean;
}

const healthPrefix = "/grpc.health.v1.Health/";

/**
 * Lets a call through when its metadata has `authorization: Bearer <token>`. An interceptor sees the headers before the
 * library reads a message: whoever has no token is refused before a byte of its request is kept or decoded.
 */
export function authentication(
  { token, openHealth }: Authentication,
  onRefused: (path: string, reason: ErrorReason) => void,
): ServerInterceptor {
  const mayCall = bearing(token);
  const missing = unauthenticated(
    "TOKEN_MISSING",
    `this daemon wants a token and the call has none: ${howTo}; the hangup command takes it from HANGUP_TOKEN or --token-file`,
  );
  const wrong = unauthenticated("TOKEN_WRONG", `the token of the call is not this daemon's: ${howTo}`);
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, proceed) {
            if (openHealth && method.path.startsWith(healthPrefix)) return proceed(metadata);
            const given = metadata.get("authorization");
            if (given.length === 1 && mayCall({ authorization: String(given[0]) })) return proceed(metadata);
            call.sendStatus(given.length === 0 ? missing : wrong);
            onRefused(method.path, given.length === 0 ? "TOKEN_MISSING" : "TOKEN_WRONG");
          },
        }),
    });
}

/** Whether the headers of a call have the token. */
export function bearing(token: string): (headers: { readonly authorization?: string | undefined }) => boolean {
  const expected = digest(token);
  return ({ authorization = "" }) => {
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    // Digests are of one length, and what timingSafeEqual asks for; the time tells nothing of the token.
    return bearer !== undefined && timingSafeEqual(digest(bearer), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const howTo = 'send the metadata "authorization: Bearer <token>" with the token of the daemon\'s --token-file';

/** As the error funnel tells it, which a call that is refused here never reaches. */
function unauthenticated(reason: ErrorReason, message: string): StatusObject {
  const told = toStatus(new DomainError("UNAUTHENTICATED", reason, message), "", () => "");
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode(told).finish()));
  return { code: told.code, details: told.message, metadata };
}
