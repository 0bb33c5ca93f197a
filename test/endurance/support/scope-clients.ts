import { createClientFactory } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { type ScopeServiceClient, ScopeServiceDefinition } from "../../../src/gen/hangup/v1/scope.js";
import { Clients } from "../../support/daemon.js";

/** The services of a daemon, that of scopes too. */
export class ScopeClients extends Clients {
  readonly scopes: ScopeServiceClient = createClientFactory()
    .use(errorDetailsClientMiddleware)
    .create(ScopeServiceDefinition, this.channel);
}
