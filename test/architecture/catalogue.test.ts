import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { actionVerbs } from "../../src/cli/action-verbs.js";

// One action has one name in contract, file, verb and page.

const root = join(__dirname, "../..");

/** The cases of the oneof of Action: `half_close`. */
const contract = readFileSync(join(root, "proto/hangup/v1/action.proto"), "utf8");
const oneof = /message Action \{\s*(?:\/\/.*\s*)*oneof verb \{([\s\S]*?)\n {2}\}/.exec(contract)?.[1] ?? "";
const actions = [...oneof.matchAll(/^ *(\w+)Action (\w+) = \d+;/gm)].map(([, , name = ""]) => name);

const verbs = Object.values(actionVerbs).flat();
const kebab = (name: string) => name.replaceAll("_", "-");

/** The fields of the message of an action, those of a oneof among them. */
function fieldsOf(action: string): string[] {
  const message = action.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const body = new RegExp(`^message ${message}Action \\{(?:\\}|([\\s\\S]*?)^\\})`, "m").exec(contract)?.[1] ?? "";
  return [...body.matchAll(/^ *[\w.]+ (\w+) = \d+;$/gm)].map(([, name = ""]) => name);
}

test("the actions of the contract are read", () => {
  // Known facts of it: if they go, the rules below may be blind.
  expect(actions).toEqual(expect.arrayContaining(["close", "reset_unread", "set_behaviour"]));
  expect(actions.length).toBeGreaterThanOrEqual(17);
  expect(fieldsOf("linger")).toEqual(["timeout", "drain_timeout"]);
  expect(fieldsOf("last_data")).toEqual(["text", "data", "flush_timeout", "drain_timeout"]);
  expect(fieldsOf("vanish")).toEqual([]);
});

test("each has a verb of the command, and each verb of the catalogue is one", () => {
  expect(verbs.map(({ name }) => name).toSorted()).toEqual(actions.map(kebab).toSorted());
});

test.each(actions)("%s: each of its fields is an option of its verb", (action) => {
  const options = verbs.find(({ name }) => name === kebab(action))?.options.map(({ long }) => long);
  expect(options).toEqual(expect.arrayContaining(fieldsOf(action).map((field) => `--${kebab(field)}`)));
});

test.each(actions)("%s: it has a file of its own", (action) => {
  expect(existsSync(join(root, `src/domain/actions/${kebab(action)}.ts`))).toBe(true);
});

test.each(actions)("%s: it has a page of its own", (action) => {
  expect(existsSync(join(root, `docs/actions/${action}.md`))).toBe(true);
});

test("each page of the actions is one of them", () => {
  const pages = readdirSync(join(root, "docs/actions")).map((file) => file.replace(/\.md$/, ""));
  expect(pages.filter((page) => !actions.includes(page) && page !== "README")).toEqual([]);
});
