import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createChannel, createClient } from "nice-grpc";
import { ScopeServiceDefinition } from "../../../src/gen/hangup/v1/scope.js";

// After the tests: how many there were, on how many daemons, in how many processes, and what they left behind.

const folder = process.env["HANGUP_SEEN"] ?? "";
const files = readdirSync(folder);
const uids = files.flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"));
const daemons = new Set(uids).size;
const channel = createChannel(process.env["HANGUP_ADDRESS"] ?? "");
const { scopes } = await createClient(ScopeServiceDefinition, channel).listScopes({});
channel.close();
const left = scopes.map(({ name }) => name).join(" ");
console.log(`${uids.length} tests in ${files.length} processes on ${daemons} daemon; scopes left: ${left}`);
if (uids.length !== 500 || files.length < 2 || daemons !== 1 || left !== "default") process.exitCode = 1;
