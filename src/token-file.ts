import { readFileSync } from "node:fs";

/** Fewer characters can be guessed. */
export const minTokenLength = 16;

/** Why a file gives no token. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

/** Whether a header carries it unchanged, and it is one word there. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** The token in a file, without the newline at its end. @throws TokenFileError, which never quotes the file. */
export function readTokenFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new TokenFileError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  const token = text.replace(/\r?\n$/, "");
  if (token === "") throw new TokenFileError(`${path} is empty; "openssl rand -hex 32" makes a token`);
  if (!isToken(token)) {
    throw new TokenFileError(`${path} has more than one line, a blank or a character that is not ASCII in its token`);
  }
  if (token.length < minTokenLength) {
    throw new TokenFileError(
      `${path} has a token of ${token.length} characters; use at least ${minTokenLength}, such as "openssl rand -hex 32" makes`,
    );
  }
  return token;
}
