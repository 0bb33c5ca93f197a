/** One thing that was measured, with every sample of it. */
export interface Row {
  /** What it is, in a few words. */
  readonly what: string;
  readonly unit: "ms" | "us" | "MiB";
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
  /** The row to read it beside, by its `what`, measured in the same interleaved rounds. */
  readonly beside?: string;
}

/** How a measure is run. */
export interface MeasureOptions {
  /** Rounds whose samples count. In each round all that is compared takes its turn, so that noise hits all alike. */
  readonly rounds: number;
}

/** A measure: one file under measures/, named as it is called. */
export interface Measure {
  readonly name: string;
  /** What it tells, in one line. */
  readonly about: string;
  readonly defaultRounds: number;
  run(options: MeasureOptions): Promise<Row[]>;
}
