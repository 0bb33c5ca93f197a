import * as node from "node:net";
import * as fc from "fast-check";
import { isIP, isIPv6 } from "../../src/kernel/ip.js";

const group = fc.oneof(
  fc.nat(0x1_00_00).map((value) => value.toString(16)),
  fc.constantFrom("", "0", "00001", "12345", "FFFF", "g", "1.2.3.4", "01.2.3.4", "1.2.3", "1%lo", "%", "%0", " ", "\0"),
);

const nearlyAddress = fc.oneof(
  fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(":")),
  fc.ipV6(),
  fc.ipV4(),
  fc.string(),
);

test("a text is an IP address exactly when Node says that it is", () => {
  fc.assert(
    fc.property(nearlyAddress, (text) => {
      expect({ text, is6: isIPv6(text), family: isIP(text) }).toEqual({
        text,
        is6: node.isIPv6(text),
        family: node.isIP(text),
      });
    }),
    { numRuns: 3000 },
  );
});
