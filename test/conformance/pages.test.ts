// The manual has every case, call, outcome and wire of the catalogue. How often each came, and in which words a language
// tells it, is of the run that wrote it.
import { readPage } from "../docs/manual.js";
import { isInShape, pages, rendered } from "./pages.js";

test.each(pages())("%s is in the shape of the catalogue (else: npm run docs:outcomes)", (page) => {
  expect(isInShape(page, readPage(page))).toBe(true);
});

test("a page that lacks a row, or has another outcome, is not", () => {
  const page = "docs/actions/reset.md";
  const text = rendered(page, readPage(page), [], []);
  expect(isInShape(page, text)).toBe(true);
  expect(isInShape(page, text.replace(/^\| reset discarded_data .*\n/m, ""))).toBe(false);
  expect(isInShape(page, text.replace("ok, ECONNRESET, EPIPE, EOF", "ok, EPIPE, EPIPE, EOF"))).toBe(false);
  expect(isInShape(page, text.replace("<S >S. >F. >R.", "<S >S. >R."))).toBe(false);
});
