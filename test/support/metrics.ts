/** The samples of a scrape: `name{label="value"}` with its number. */
export class Scrape {
  private constructor(private readonly samples: ReadonlyMap<string, number>) {}

  static async of(address: string): Promise<Scrape> {
    const response = await fetch(`http://${address}/metrics`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
    const samples = text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line): [string, number] => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]);
    return new Scrape(new Map(samples));
  }

  /** The value of one sample, its labels in the order in which they are written. */
  value(sample: string): number | undefined {
    return this.samples.get(sample);
  }

  /** All samples of a metric. */
  all(metric: string): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.samples].filter(([sample]) => sample.split("{", 1)[0] === metric));
  }

  /** The names of its metrics. */
  get names(): ReadonlySet<string> {
    return new Set([...this.samples.keys()].map((sample) => sample.split("{", 1)[0] ?? ""));
  }
}
