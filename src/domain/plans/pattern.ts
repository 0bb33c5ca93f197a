/** Looks for bytes in a stream that comes in pieces (Knuth, Morris and Pratt); never looks at a byte twice. */
export class Pattern {
  /** How far the pattern has to fall back when its next byte does not match. */
  private readonly fallback: readonly number[];
  private matched = 0;
  private seen = false;

  constructor(private readonly bytes: Buffer) {
    const fallback = [0];
    for (let index = 1, length = 0; index < bytes.length; index++) {
      while (length > 0 && bytes[index] !== bytes[length]) length = fallback[length - 1] ?? 0;
      if (bytes[index] === bytes[length]) length += 1;
      fallback.push(length);
    }
    this.fallback = fallback;
  }

  /** The stream has had it. */
  get found(): boolean {
    return this.seen;
  }

  /** Goes on in the stream, up to the last byte of the first match; gives how many bytes it took. */
  feed(chunk: Buffer): number {
    if (this.seen) return chunk.length;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      while (this.matched > 0 && byte !== this.bytes[this.matched]) this.matched = this.fallback[this.matched - 1] ?? 0;
      if (byte === this.bytes[this.matched]) this.matched += 1;
      if (this.matched === this.bytes.length) {
        this.seen = true;
        return index + 1;
      }
    }
    return chunk.length;
  }
}
