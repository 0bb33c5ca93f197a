import { invalidField } from "./errors.js";

const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Names of listeners that would collide with names that the daemon makes (`dial/1`). */
const reserved = new Set(["dial"]);

/** Checks a name that a caller chose. */
export function checkName(field: string, name: string): string {
  if (!pattern.test(name)) {
    throw invalidField(
      field,
      `${JSON.stringify(name.slice(0, 80))} is no name: use 1 to 63 letters, digits, ".", "_" or "-", ` +
        "beginning with a letter or digit",
    );
  }
  if (reserved.has(name)) {
    throw invalidField(field, `"${name}" is reserved for the sessions that the daemon names; choose another`);
  }
  return name;
}

const maxLabels = 32;
const maxKeyBytes = 63;
const maxValueBytes = 255;

/** Checks the notes of a caller. */
export function checkLabels(field: string, labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  if (entries.length > maxLabels) throw invalidField(field, `${entries.length} labels; at most ${maxLabels}`);
  for (const [key, value] of entries) {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0 || keyBytes > maxKeyBytes) {
      throw invalidField(field, `a key of ${keyBytes} bytes; use 1 to ${maxKeyBytes}`);
    }
    if (Buffer.byteLength(value) > maxValueBytes) {
      throw invalidField(`${field}[${key}]`, `a value of more than ${maxValueBytes} bytes`);
    }
  }
  return { ...labels };
}

/** The known names nearest to a mistyped one, at most three, in words for a message. */
export function nearest(name: string, known: Iterable<string>): string {
  const scored: { name: string; distance: number }[] = [];
  let count = 0;
  for (const candidate of known) {
    count += 1;
    // A message is no place to search thousands of names in.
    if (count > 2000) break;
    scored.push({ name: candidate, distance: editDistance(name, candidate) });
  }
  if (scored.length === 0) return "none exist";
  scored.sort((a, b) => a.distance - b.distance);
  return `known: ${scored
    .slice(0, 3)
    .map((entry) => `"${entry.name}"`)
    .join(", ")}${count > 3 ? ", ..." : ""}`;
}

const maxCompared = 64;
/** Two rows of the table, kept: an error among thousands of long names must not hold the loop up. */
let row = new Uint8Array(maxCompared + 1);
let next = new Uint8Array(maxCompared + 1);

/** Levenshtein's distance, of the first 64 characters. */
function editDistance(a: string, b: string): number {
  const rows = Math.min(a.length, maxCompared);
  const columns = Math.min(b.length, maxCompared);
  for (let j = 0; j <= columns; j++) row[j] = j;
  for (let i = 1; i <= rows; i++) {
    next[0] = i;
    const code = a.charCodeAt(i - 1);
    for (let j = 1; j <= columns; j++) {
      let least = row[j - 1]! + (code === b.charCodeAt(j - 1) ? 0 : 1);
      if (row[j]! < least) least = row[j]! + 1;
      if (next[j - 1]! < least) least = next[j - 1]! + 1;
      next[j] = least;
    }
    [row, next] = [next, row];
  }
  return row[columns]!;
}
