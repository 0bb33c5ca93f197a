import { CreateListenerRequest } from "../gen/hangup/v1/listener.js";
import { Fixture } from "../gen/hangup/v1/fixture.js";
import type { Plan } from "../gen/hangup/v1/plan.js";
import { OpenSessionRequest } from "../gen/hangup/v1/session.js";
import { CommandError } from "./command-error.js";
import { type MessageFile, readMessageFile } from "./message-file.js";

/** A fixture that was read from a file. */
export interface FixtureFile extends MessageFile {
  readonly fixture: Fixture;
}

/** Reads the file of `hangup serve --fixture`. @throws CommandError */
export async function readFixtureFile(file: string): Promise<FixtureFile> {
  const read = await readMessageFile(file, "hangup.v1.Fixture");
  return { ...read, fixture: Fixture.decode(read.bytes) };
}

/** Plans that were read from a file. */
export interface PlanFile {
  readonly plans: Plan[];
  /** What is said of the plans, told by file and line. */
  readonly located: (error: unknown) => unknown;
}

/** Reads the file of `hangup listen --plan`: a list of plans, or one. @throws CommandError */
export async function readPlanFile(file: string): Promise<PlanFile> {
  const read = await readMessageFile(file, "hangup.v1.CreateListenerRequest", ({ isList }) => ({
    field: "plans",
    wrap: !isList,
  }));
  return { plans: CreateListenerRequest.decode(read.bytes).plans, located: locatedIn(read, "plans") };
}

/** A plan that was read from a file. */
export interface OnePlanFile {
  readonly plan: Plan | undefined;
  /** What is said of the plan, told by file and line. */
  readonly located: (error: unknown) => unknown;
}

/** Reads the file of `hangup dial --plan`: one plan. @throws CommandError */
export async function readOnePlanFile(file: string): Promise<OnePlanFile> {
  const read = await readMessageFile(file, "hangup.v1.OpenSessionRequest", () => ({ field: "plan", wrap: false }));
  return { plan: OpenSessionRequest.decode(read.bytes).plan, located: locatedIn(read, "plan") };
}

/** Tells what the daemon says of a field by its place in the file. */
function locatedIn(read: MessageFile, field: string): (error: unknown) => unknown {
  return (error) => {
    // As the daemon has it: the path of the field first.
    const [, path, why] = /^([a-z]+\b[^\s:]*): (.*)$/s.exec(error instanceof CommandError ? error.message : "") ?? [];
    if (path === undefined || why === undefined || !new RegExp(`^${field}\\b`).test(path)) return error;
    return read.errorAt(path, why, (error as CommandError).reason);
  };
}
