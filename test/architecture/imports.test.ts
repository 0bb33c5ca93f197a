import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

// Which room may ask which: a lint rule can be silenced in a comment, this cannot.

const root = join(__dirname, "../..");
const src = join(root, "src");

/** Paths of the files under a folder that end so, relative to src. */
function filesUnder(folder: string, suffix: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(suffix))
    .map((path) => relative(src, join(folder, path)));
}

const files = filesUnder(src, ".ts").filter((path) => !path.startsWith("gen/"));

/** What a file imports, statically, dynamically or by require: packages by name, our own files relative to src. */
function importsOf(path: string): string[] {
  const text = code(path);
  const specifiers = [
    ...text.matchAll(/\b(?:import|export)\s[^;'"`]*?\bfrom\s*(['"`])(.+?)\1/g),
    ...text.matchAll(/\bimport\s*(['"`])(.+?)\1/g),
    ...text.matchAll(/\b(?:import|require|createRequire\([^)]*\))\s*\(\s*(['"`])(.+?)\1/g),
  ].map((match) => match[2] ?? "");
  return specifiers.map((specifier) =>
    specifier.startsWith(".")
      ? relative(src, resolve(dirname(join(src, path)), specifier)).replace(/\.js$/, ".ts")
      : specifier.replace(/^node:/, ""),
  );
}

/** The text of a file without its comments, where words are no imports. */
function code(path: string): string {
  return readFileSync(join(src, path), "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** `file -> import` for each import of these files that is not allowed. */
function offences(from: RegExp, isAllowed: (imported: string, file: string) => boolean): string[] {
  return files
    .filter((file) => from.test(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((imported) => !isAllowed(imported, file))
        .map((imported) => `${file} -> ${imported}`),
    );
}

test("the parser of imports sees each form of import", () => {
  // Known facts of the code, one of each form: if they go, the rules below may be blind.
  expect(importsOf("daemon.ts")).toEqual(
    expect.arrayContaining(["crypto", "pino", "domain/fixture.ts", "service/server.ts"]),
  );
  expect(importsOf("main.ts")).toContain("cli/verbs.ts");
  expect(importsOf("kernel/ffi.ts")).toEqual(expect.arrayContaining(["module", "koffi"]));
  expect(files.length).toBeGreaterThan(40);
});

test("every import of our own is a file that exists", () => {
  const missing = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => imported.endsWith(".ts") && !existsSync(join(src, imported)))
      .map((imported) => `${file} -> ${imported}`),
  );
  expect(missing).toEqual([]);
});

test("the kernel room imports nothing of domain, service, cli or gen", () => {
  expect(
    offences(/^kernel\//, (imported) => !/^(domain|service|cli|gen)\/|^(daemon|main)\.ts$/.test(imported)),
  ).toEqual([]);
});

test("the domain imports nothing of service, cli or gen, and no gRPC", () => {
  const allowed = (imported: string) =>
    !/^(service|cli|gen)\/|^(daemon|main)\.ts$/.test(imported) && !/^(@grpc\/|nice-grpc|@bufbuild\/)/.test(imported);
  expect(offences(/^domain\//, allowed)).toEqual([]);
});

test("the service room imports nothing of cli or the daemon", () => {
  expect(offences(/^service\//, (imported) => !/^cli\/|^(daemon|main)\.ts$/.test(imported))).toEqual([]);
});

test("the observability room is asked by the daemon alone, and imports nothing of cli", () => {
  const isOfTheRoom = /^(observability\/|(daemon|cli\/serve)\.ts$)/;
  expect(offences(/./, (imported, file) => isOfTheRoom.test(file) || !imported.startsWith("observability/"))).toEqual(
    [],
  );
  expect(offences(/^observability\//, (imported) => !/^cli\/|^(daemon|main)\.ts$/.test(imported))).toEqual([]);
});

test("what is for an operator stays in its room: metrics and their HTTP, spans; and the log above the domain", () => {
  const metrics = /^(prom-client|http|https|http2)$/;
  expect(offences(/^(?!observability\/metrics)/, (imported) => !metrics.test(imported))).toEqual([]);
  const spans = /^(@opentelemetry\/|nice-grpc-opentelemetry$)/;
  expect(offences(/^(?!observability\/tracing)/, (imported) => !spans.test(imported))).toEqual([]);
  expect(offences(/^(kernel|domain|service)\//, (imported) => imported !== "pino")).toEqual([]);
});

test("only the kernel room touches sockets and the FFI", () => {
  const sockets = /^(net|tls|dgram|koffi)$/;
  expect(offences(/^(?!kernel\/)/, (imported) => !sockets.test(imported))).toEqual([]);
});

test("only service, cli and the daemon import the generated code", () => {
  expect(offences(/^(?!(service|cli)\/|daemon\.ts$)/, (imported) => !imported.startsWith("gen/"))).toEqual([]);
});

test("the client is asked by nobody here, and of what is here it knows the contract and the version alone", () => {
  const client = filesUnder(join(root, "clients/typescript/src"), ".ts");
  expect(client).toContain("../clients/typescript/src/index.ts");
  const own = /^\.\.\/clients\/typescript\/src\/[a-z-]+\.ts$/;
  const known = /^(gen\/.*|version\.ts)$/;
  const packages =
    /^(@bufbuild\/protobuf\/wire|@grpc\/grpc-js|nice-grpc-error-details\/lib\/proto\/.*|child_process|crypto|fs|path|stream|vm)$/;
  const foreign = client.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !own.test(imported) && !known.test(imported) && !packages.test(imported))
      .map((imported) => `${file} -> ${imported}`),
  );
  expect(foreign).toEqual([]);
  expect(offences(/./, (imported) => !imported.startsWith("../clients/"))).toEqual([]);
});

test("each service of the contract has its file, and each file of the contract but shared ones its service", () => {
  const contract = join(root, "proto/hangup/v1");
  for (const file of readdirSync(contract)) {
    const services = [...readFileSync(join(contract, file), "utf8").matchAll(/^service (\w+)Service\b/gm)].map(
      (match) => match[1],
    );
    const noun = file.replace(/\.proto$/, "");
    // One noun a file: session.proto has SessionService, served by session-service.ts.
    expect({ file, services: services.map((name) => name?.toLowerCase()) }).toEqual({
      file,
      services: services.length === 0 ? [] : [noun],
    });
    if (services.length > 0) expect(existsSync(join(src, `service/${noun}-service.ts`))).toBe(true);
  }
});

test("no linger but 0 seconds is ever set: a positive one blocks the event loop", () => {
  const users = files.filter((file) => /\bSO_LINGER\b/.test(code(file)));
  expect(users.length).toBeGreaterThan(0);
  for (const file of users) {
    expect(file).toMatch(/^kernel\//);
    // struct linger is { l_onoff, l_linger }: whatever is written at its second half (offset 4) must be nothing.
    const lingers = [...code(file).matchAll(/\b\w*linger\w*\.write\w+\(\s*([^,)]+)\s*(?:,\s*(\d+)\s*)?\)/gi)];
    for (const [, value, offset = "0"] of lingers)
      expect({ file, value, offset }).toEqual({ file, value: "1", offset: "0" });
    expect({ file, writes: lingers.length }).not.toEqual({ file, writes: 0 });
    for (const [, onoff, seconds] of code(file).matchAll(/linger[^\n]*\[\s*(\d+)\s*,\s*(\d+)\s*\]/gi)) {
      expect({ file, onoff, seconds }).toEqual({ file, onoff: "1", seconds: "0" });
    }
  }
});

test("nothing uses resetAndDestroy(): after end() it leaks the descriptor and sends nothing", () => {
  expect(files.filter((file) => code(file).includes("resetAndDestroy"))).toEqual([]);
});

test("no system call on a socket waits: each says MSG_DONTWAIT, or a timeout of 0", () => {
  const calls = files.flatMap((file) =>
    [...code(file).matchAll(/\bffi(?:\(\)\?)?\.(send|recv|recvmmsg|poll|accept|connect)\(([^)]*)\)/g)].map(
      ([, call = "", values = ""]) => ({ file, call, last: values.split(",").at(-1)?.trim() ?? "" }),
    ),
  );
  expect(calls.length).toBeGreaterThan(4);
  for (const { file, call, last } of calls) {
    const waits = call === "poll" ? last !== "0" : !last.includes("MSG_DONTWAIT");
    expect({ file, call, last, waits }).toEqual({ file, call, last, waits: false });
  }
});
