import type { ScopeReport } from "../../../src/gen/hangup/v1/scope.js";

/** The steps of plans that did not act on a connection they were for: faults that did not happen. */
export function neverFired({ plans }: ScopeReport): string[] {
  return plans.flatMap(({ listener, session, plans: ofOne }) =>
    ofOne.flatMap(({ plan, connectionsSeen, steps }) => {
      const where = `${listener === "" ? session : listener}, plan ${plan}`;
      if (connectionsSeen === 0n) return [`${where}: it had no connection`];
      return steps
        .filter(({ notFired }) => notFired > 0n)
        .map(({ step, notFired }) => `${where}, step ${step}: on ${notFired} of ${connectionsSeen} connections`);
    }),
  );
}
