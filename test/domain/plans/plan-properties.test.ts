import * as fc from "fast-check";
import type { Action } from "../../../src/domain/actions/action.js";
import type { BehaviourSpec } from "../../../src/domain/behaviours/spec.js";
import type { Fact } from "../../../src/domain/event.js";
import { defaultLimits } from "../../../src/domain/limits.js";
import { checkPlan } from "../../../src/domain/plans/check-plan.js";
import { ListenerPlans } from "../../../src/domain/plans/listener-plans.js";
import type { ChosenStep, ChosenTrigger, Plan } from "../../../src/domain/plans/plan.js";
import { Session } from "../../../src/domain/session.js";
import { FakeConnection } from "./fake-connection.js";
import { type Happening, PlanModel } from "./plan-model.js";

// For every plan and every stream: what happens is what the model says, whatever the segmentation.

/** Few letters, so that patterns overlap and are found in the midst of themselves. */
const text = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom("a", "b"), { minLength, maxLength }).map((letters) => letters.join(""));

const trigger: fc.Arbitrary<ChosenTrigger> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<ChosenTrigger>({ when: "accepted" }) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 14 }).map((count): ChosenTrigger => ({ when: "bytes_received", count })),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 18 }).map((count): ChosenTrigger => ({ when: "bytes_sent", count })),
  },
  { weight: 4, arbitrary: text(1, 4).map((bytes): ChosenTrigger => ({ when: "pattern", bytes: Buffer.from(bytes) })) },
  { weight: 2, arbitrary: fc.constantFrom("x", "y").map((name): ChosenTrigger => ({ when: "signal", name })) },
  { weight: 1, arbitrary: fc.constant<ChosenTrigger>({ when: "peer_fin" }) },
  { weight: 1, arbitrary: fc.constant<ChosenTrigger>({ when: "elapsed", ms: 0 }) },
);

const behaviour = (name: "echo" | "discard", banner: string): BehaviourSpec =>
  banner === "" ? { kind: { name } } : { kind: { name }, banner: Buffer.from(banner) };

const flushTimeoutMs = 1000;
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    // Capitals: what a step sends is told from an echo.
    arbitrary: fc
      .constantFrom("P", "QR", "STUVWX")
      .map((data): Action => ({ verb: "send", data: Buffer.from(data), flushTimeoutMs })),
  },
  { weight: 2, arbitrary: fc.constant<Action>({ verb: "pause" }) },
  { weight: 3, arbitrary: fc.constant<Action>({ verb: "resume" }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom("echo" as const, "discard" as const), fc.constantFrom("", "hi"))
      .map(([name, banner]): Action => ({ verb: "set_behaviour", behaviour: behaviour(name, banner) })),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ verb: "half_close", flushTimeoutMs }) },
  { weight: 1, arbitrary: fc.constant<Action>({ verb: "close", flushTimeoutMs, drainTimeoutMs: 1000 }) },
  {
    weight: 2,
    arbitrary: fc.constant<Action>({ verb: "reset", afterFlush: false, discardedData: undefined, flushTimeoutMs }),
  },
);

const steps: fc.Arbitrary<readonly ChosenStep[]> = fc
  .array(fc.record({ trigger, action }), { minLength: 1, maxLength: 7 })
  .filter((chosen) => {
    try {
      checkPlan("plan", planOf(chosen));
      return true;
    } catch {
      return false;
    }
  });

/** What the peer and the test do, and the cuts: how many bytes go together, where that many come one after the other. */
const story = fc.record({
  steps,
  happenings: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom("a", "b").map((byte): Happening => ({ kind: "byte", byte })) },
      { weight: 1, arbitrary: fc.constantFrom("x", "y").map((name): Happening => ({ kind: "signal", name })) },
    ),
    { maxLength: 24 },
  ),
  early: fc.subarray(["x", "y"]),
  /** The peer's FIN comes, and then these signals. */
  fin: fc.option(fc.array(fc.constantFrom("x", "y"), { maxLength: 2 })),
  closesToo: fc.boolean(),
  echoes: fc.boolean(),
  banner: fc.constantFrom("", "BANNER"),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;
const cuts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 24 });

function planOf(chosen: readonly ChosenStep[]): Plan {
  return {
    connections: 0,
    seed: 1n,
    steps: chosen.map(({ trigger: when, action: act }) => ({
      trigger: "count" in when ? { when: when.when, count: { min: when.count, max: when.count } } : when,
      actions: [act],
      isChoice: false,
    })),
  };
}

interface Outcome {
  readonly wire: string;
  readonly fired: readonly object[];
}

/** By the real session, its real plan and its real actions, over a connection without a socket. */
async function real(
  told: Story,
  sizes: readonly number[],
): Promise<Outcome & { readonly reported: readonly number[] }> {
  const { fake, connection } = FakeConnection.make();
  const facts: Fact[] = [];
  const host = {
    lastSequence: 0,
    publish: (_: Session, fact: Fact) => facts.push(fact),
    wantsData: false,
    limits: defaultLimits,
    onEnded: () => undefined,
    follow: () => undefined,
    evidenceOf: () => ({ evidence: "NOT_CAPTURED" as const, segments: [], segmentsCaptured: 0 }),
  };
  const session = new Session(
    {
      scope: "default",
      name: "s",
      uid: "u",
      origin: "ACCEPTED",
      ordinal: 1,
      onPeerFin: told.closesToo ? "CLOSE_TOO" : "STAY_OPEN",
      labels: {},
    },
    undefined,
    connection,
    behaviour(told.echoes ? "echo" : "discard", told.banner),
    host,
  );
  const plans = new ListenerPlans([planOf(told.steps)]);
  session.givePlan(plans.next()!, told.early);
  session.open();
  await new Promise((resolve) => setImmediate(resolve));
  for (const happening of chunked(told, sizes)) {
    if (Buffer.isBuffer(happening)) fake.arrive(happening);
    else if (happening.kind === "fin") fake.arriveFin();
    else if (happening.kind === "signal") session.onSignal(happening.name);
    // A failure is told a few microtasks later, and then comes what a resume or a failure has let in.
    await new Promise((resolve) => setImmediate(resolve));
    fake.deliver();
  }
  await new Promise((resolve) => setImmediate(resolve));
  const { fired } = session.planProgress!;
  const outcome = {
    wire: fake.wire,
    fired: fired.map(({ step, action: verb, bytesReceived, bytesSent, failure }) => {
      return { step, action: verb, bytesReceived, bytesSent, failed: failure !== undefined };
    }),
    reported: plans.reports()[0]!.steps.map((step) => step.fired),
  };
  const events = facts.flatMap((fact) =>
    fact.kind === "plan_step_fired" || fact.kind === "plan_step_failed" ? [fact] : [],
  );
  expect(events.map(({ kind, step }) => `${kind} ${step.step}`)).toEqual(
    fired.flatMap(({ step, failure }) => [
      `plan_step_fired ${step}`,
      ...(failure === undefined ? [] : [`plan_step_failed ${step}`]),
    ]),
  );
  fake.release();
  return outcome;
}

/** The bytes that come one after the other, in chunks of these sizes, round and round; 0 is an empty chunk. */
function* chunked(told: Story, sizes: readonly number[]): Generator<Buffer | Happening> {
  let cut = 0;
  let bytes = "";
  function* flush() {
    while (bytes !== "") {
      // Sizes may all be 0: then the rest comes at once.
      const size = cut < 1000 ? sizes[cut++ % sizes.length]! : bytes.length;
      yield Buffer.from(bytes.slice(0, size));
      bytes = bytes.slice(size);
    }
  }
  for (const happening of told.happenings) {
    if (happening.kind === "byte") bytes += happening.byte;
    else {
      yield* flush();
      yield happening;
    }
  }
  yield* flush();
  yield* ending(told);
}

function* ending({ fin }: Story): Generator<Happening> {
  if (fin === null) return;
  yield { kind: "fin" };
  for (const name of fin) yield { kind: "signal", name };
}

function modelled(told: Story): Outcome {
  const model = new PlanModel(told.steps, told);
  for (const name of told.early) model.latch(name);
  model.begin();
  for (const happening of told.happenings) model.onHappening(happening);
  for (const happening of ending(told)) model.onHappening(happening);
  return { wire: model.wire, fired: model.fired };
}

const runs = Number(process.env["HANGUP_PLAN_PROPERTY_RUNS"] ?? 2500);

const at = (when: "bytes_received" | "bytes_sent", count: number): ChosenTrigger => ({ when, count });
const onSignal: ChosenTrigger = { when: "signal", name: "x" };
const sends = (data: string): Action => ({ verb: "send", data: Buffer.from(data), flushTimeoutMs });
const resets: Action = { verb: "reset", afterFlush: false, discardedData: undefined, flushTimeoutMs };
const closes: Action = { verb: "close", flushTimeoutMs, drainTimeoutMs: 1000 };
const tenBytes: Happening[] = "abababbbab".split("").map((byte) => ({ kind: "byte", byte }));
const echoing: Omit<Story, "steps" | "happenings"> = {
  early: [],
  fin: null,
  closesToo: true,
  echoes: true,
  banner: "",
};

/** What chance comes to too seldom: steps that let loose what another step has to stop again. */
const knots: readonly Story[] = [
  {
    ...echoing,
    steps: [
      { trigger: at("bytes_received", 4), action: { verb: "pause" } },
      { trigger: onSignal, action: { verb: "resume" } },
      { trigger: at("bytes_received", 6), action: resets },
    ],
    happenings: [...tenBytes, { kind: "signal", name: "x" }],
  },
  {
    ...echoing,
    steps: [
      { trigger: at("bytes_received", 4), action: { verb: "pause" } },
      { trigger: onSignal, action: closes },
      { trigger: at("bytes_received", 6), action: resets },
    ],
    happenings: [...tenBytes, { kind: "signal", name: "x" }],
  },
  {
    ...echoing,
    steps: [
      { trigger: at("bytes_sent", 2), action: sends("STUVWX") },
      { trigger: at("bytes_sent", 4), action: sends("P") },
      { trigger: at("bytes_sent", 5), action: sends("Q") },
    ],
    happenings: tenBytes,
    banner: "BANNER",
  },
  {
    ...echoing,
    steps: [
      { trigger: { when: "peer_fin" }, action: sends("P") },
      { trigger: onSignal, action: sends("Q") },
    ],
    happenings: tenBytes,
    fin: ["x"],
  },
  {
    ...echoing,
    steps: [
      { trigger: at("bytes_sent", 5), action: sends("P") },
      { trigger: at("bytes_received", 7), action: resets },
    ],
    happenings: tenBytes,
  },
];

test("what steps do, at which byte, in which order, and what the peer gets depend on bytes and never on segments", async () => {
  await fc.assert(
    fc.asyncProperty(story, cuts, async (told, sizes) => {
      const expected = modelled(told);
      const { reported, ...outcome } = await real(told, sizes);
      expect(outcome).toEqual(expected);
      const performed = told.steps.map((_, index) =>
        expected.fired.some((step) => "step" in step && step.step === index + 1 && "failed" in step && !step.failed)
          ? 1
          : 0,
      );
      expect(reported).toEqual(performed);
    }),
    {
      numRuns: runs,
      examples: knots.flatMap((knot) => [[100], [1], [3]].map((sizes): [Story, number[]] => [knot, sizes])),
    },
  );
}, 60_000);

test.each([[[1]], [[2]], [[3, 0, 1]], [[100]]])(
  "a self-similar pattern is found at its first end, in segments of %j",
  async (sizes) => {
    const told: Story = {
      steps: [{ trigger: { when: "pattern", bytes: Buffer.from("aab") }, action: sends("P") }],
      happenings: "aaabb".split("").map((byte) => ({ kind: "byte", byte })),
      early: [],
      fin: null,
      closesToo: false,
      echoes: true,
      banner: "",
    };
    expect(await real(told, sizes)).toMatchObject({ wire: "aaabPb", fired: [{ bytesReceived: 4, bytesSent: 4 }] });
  },
);
