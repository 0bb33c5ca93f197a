import { BlackHoleAction_Direction } from "../../src/gen/hangup/v1/action.js";
import {
  DeleteListenerRequest_Sessions,
  Listener_ResetOnAccept,
  Listener_State,
} from "../../src/gen/hangup/v1/listener.js";
import { Session_OnPeerFin, Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { hangup } from "../support/cli.js";

// The command has the names of the contract's enums by heart, so that --help need not load the contract.

test.each([
  ["black-hole", "--direction", BlackHoleAction_Direction],
  ["delete", "--sessions", DeleteListenerRequest_Sessions],
  ["listen", "--state", Listener_State],
  ["listen", "--on-peer-fin", Session_OnPeerFin],
  ["listen", "--reset-on-accept", Listener_ResetOnAccept],
  ["wait", "--condition", WaitSessionRequest_Condition],
  ["wait", "--state", Session_State],
])("%s %s takes each value of the contract", async (verb, option, values: object) => {
  const words = Object.keys(values)
    .filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED")
    .map((name) => name.toLowerCase().replaceAll("_", "-"));
  const { stdout } = await hangup([verb, "--help"]);
  const help = stdout.replaceAll(/\s+/g, " ");
  expect(help.slice(help.indexOf(` ${option} `))).toMatch(new RegExp(`^ --(?:(?! --).)*: ${words.join(", ")} --?\\w`));
});
