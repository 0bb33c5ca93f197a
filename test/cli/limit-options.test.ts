import { limitFlags, limitsOf } from "../../src/cli/limit-options.js";
import { defaultLimits, limitRanges } from "../../src/domain/limits.js";

const flags = limitFlags.map(([flag]) => flag.replace(" <number>", ""));
const optionOf = (flag: string) => flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
/** What goes beside a bound, so that the two fit each other. */
const beside = (flag: string) => (flag === "--max-data-bytes" ? { maxMessageBytes: String(2 ** 30) } : {});
/** `--max-plan-steps` bounds `planSteps`. */
const limitOf = (flag: string) => optionOf(flag.replace("--max-", "--")) as keyof typeof limitRanges;

test("every bound has an option, whose help tells the default", () => {
  const limits = limitFlags.map(([flag, about]) => {
    const limit = limitOf(flag.replace(" <number>", ""));
    expect(about).toContain(`(default: ${defaultLimits[limit]})`);
    return limit;
  });
  expect(limits.toSorted()).toEqual(Object.keys(limitRanges).toSorted());
});

test.each(flags)("%s takes its least and its most, and nothing past them", (flag) => {
  const limit = limitOf(flag);
  const { min, max } = limitRanges[limit];
  const read = (value: string) => limitsOf({ [optionOf(flag)]: value, ...beside(flag) })[limit];
  expect(read(String(max))).toBe(max);
  const usage = expect.objectContaining({
    reason: "USAGE",
    message: expect.stringContaining(`${flag} `) as string,
  }) as Error;
  for (const wrong of [String(min - 1), String(max + 1), "", "x", "1.5", "1e3", "-1", " 1"]) {
    expect(() => read(wrong)).toThrow(usage);
  }
  // A message must have room for the data of a usual call.
  if (flag === "--max-message-bytes") expect(() => read(String(min))).toThrow(/--max-data-bytes 1048576 .* do not fit/);
  else expect(read(String(min))).toBe(min);
});

test("nothing given is nothing set", () => {
  expect(limitsOf({})).toEqual({});
});
