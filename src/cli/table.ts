/** Rows in columns as wide as their widest cell, two spaces apart; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) => `${indent}${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

/** A list of what scopes own, under its heads; which scope is told where it can be any. */
export function scopedTable<Item extends { readonly scope: string }>(
  scope: string,
  heads: readonly string[],
  items: readonly Item[],
  row: (item: Item) => readonly string[],
): string {
  const told = (cell: string, cells: readonly string[]) => (scope === "-" ? [cell, ...cells] : cells);
  return table([told("SCOPE", heads), ...items.map((item) => told(item.scope, row(item)))]);
}
