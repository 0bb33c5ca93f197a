// The daemon of these tests is their own, of this checkout, whatever the environment says of others.
import { hangup } from "./package.js";

for (const name of ["HANGUP_ADDRESS", "HANGUP_TOKEN", "HANGUP_TOKEN_FILE"]) delete process.env[name];
process.env["HANGUP_COMMAND"] = hangup;
