/** What a page shows as output, as a pattern: blanks are any blanks, `...` is anything. */
export function patternOf(shown: string, from: "start" | "anywhere" = "start"): RegExp {
  const parts = shown.trim().split("...").map(partPattern);
  return new RegExp(`${from === "start" ? String.raw`^\s*` : ""}${parts.join(String.raw`[\s\S]*?`)}\\s*$`);
}

function partPattern(part: string): string {
  const words = part.split(/\s+/).filter((word) => word !== "");
  const escaped = words.map((word) => word.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  // Blanks beside `...` may belong to what it stands for.
  return escaped.join(String.raw`\s+`);
}
