/**
 * Bytes that look random and are the same for the same seed, however they are asked for piece by piece: the output of
 * mulberry32 over both halves of the seed, four bytes a step, least significant first.
 */
export class SeededBytes {
  private state: number;
  private word = 0;
  private left = 0;

  constructor(seed: bigint) {
    this.state = Number((seed ^ (seed >> 32n)) & 0xffffffffn);
  }

  next(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let index = 0; index < count; index++) {
      if (this.left === 0) {
        this.word = this.step();
        this.left = 4;
      }
      bytes[index] = this.word & 0xff;
      this.word >>>= 8;
      this.left -= 1;
    }
    return bytes;
  }

  private step(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
