import type { Limits } from "../limits.js";
import type { Behaviour } from "./behaviour.js";
import { discard } from "./discard.js";
import { echo } from "./echo.js";
import { Manual } from "./manual.js";
import { silent } from "./silent.js";
import { Source, type SourceOptions } from "./source.js";

/** A behaviour as it was asked for. */
export interface BehaviourSpec {
  /** Sent first of all. */
  readonly banner?: Buffer;
  readonly kind:
    | { readonly name: "echo" | "discard" | "silent" | "manual" }
    | ({ readonly name: "source" } & SourceOptions);
}

/** The behaviour of one session. */
export function behaviourOf(spec: BehaviourSpec, limits: Limits): Behaviour {
  switch (spec.kind.name) {
    case "echo":
      return echo;
    case "discard":
      return discard;
    case "silent":
      return silent;
    case "manual":
      return new Manual(limits.dataBytes);
    case "source":
      return new Source(spec.kind);
  }
}
