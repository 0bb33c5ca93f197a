import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readPage, root } from "./manual.js";

/** Reasons with the codes that they come with, by the tables of a page. */
const tableOf = (page: string) =>
  [...readPage(page).matchAll(/^\| `(\w+)` \| ([A-Z_, ]+) \|/gm)].map(
    ([, reason = "", codes = ""]) => [reason, codes.split(", ")] as const,
  );
const common = new Map(tableOf("clients/README.md"));
const documented = new Map([...tableOf("docs/errors.md"), ...common]);

/** How each client makes an error of its own: its code, then its reason. */
const making: Readonly<Record<string, { readonly sources: string; readonly error: RegExp }>> = {
  c: { sources: "src", error: /hangup_fail\(error, "(\w+)", "(\w+)"/g },
  go: { sources: "", error: /clientError\(codes\.(\w+), "(\w+)"/g },
  java: { sources: "src/main", error: /HangupException\(\s*Code\.(\w+),\s*"(\w+)"/g },
  python: { sources: "src/hangup", error: /Error\(\s*"(\w+)",\s*"(\w+)"/g },
  rust: { sources: "src", error: /Error::new\(\s*Code::(\w+),\s*"(\w+)"/g },
  shell: { sources: "hangup.sh", error: /^ +_hangup_fail ([A-Z_]+) ([A-Z_]+)/gm },
  typescript: { sources: "src", error: /HangupError\(\s*"(\w+)",\s*"(\w+)"/g },
};

/** Reasons of one client that the language's own page tells of: no other has them. */
const ownPage = (client: string, reason: string) => readPage(`clients/${client}/README.md`).includes(`\`${reason}\``);

/** What cannot happen but by a bug of the client, or of one older than its daemon, is no reason to match on. */
const bugs = ["BUG", "UNKNOWN_REPLY"];

test.each(Object.entries(making))(
  "%s: each error of its own has a reason of clients/README.md, and its code",
  (client, way) => {
    const made = filesIn(join(root, "clients", client, way.sources)).flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(way.error)].map(([, code = "", reason = ""]) => ({
        code: code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase(),
        reason,
      })),
    );
    expect(made.length).toBeGreaterThan(3);
    const unknown = made.filter(
      ({ code, reason }) =>
        !bugs.includes(reason) && documented.get(reason)?.includes(code) !== true && !ownPage(client, reason),
    );
    expect(unknown).toEqual([]);
  },
);

test("clients/README.md has no reason that no client has", () => {
  const all = Object.entries(making)
    .flatMap(([client, { sources }]) => filesIn(join(root, "clients", client, sources)))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  expect(common.size).toBeGreaterThan(5);
  expect([...common.keys()].filter((reason) => !new RegExp(`\\b${reason}\\b`).test(all))).toEqual([]);
});

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => !["v1", "gen", "hangupv1", ".venv", "target", "node_modules", "__pycache__"].includes(name))
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)]))
    .filter((file) => /\.(?:[ch]|go|java|py|rs|sh|ts)$/.test(file) && !/_test\.go$|\.test\.ts$/.test(file));
}
