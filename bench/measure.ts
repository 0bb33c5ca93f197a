import type { Contestants } from "./contestants.js";

/** One thing that was measured, with every sample of it. */
export interface Row {
  /** What it is, in a few words; those of one way of several runtimes differ in their end alone: `, Node 20`. */
  readonly what: string;
  readonly unit: string;
  /** In the order in which they were taken: one a round. */
  readonly samples: readonly number[];
  /** CPU time of the contestant for one unit of work, in us, a round each. */
  readonly cpuUs?: readonly number[];
  /** The rows to read it beside, by their `what`, measured in the same interleaved rounds. */
  readonly beside?: readonly string[];
  /** Sessions whose ending the peer has counted; each was as asked, else there were no row. */
  readonly endings?: number;
}

/** How a measure is run. */
export interface MeasureOptions {
  /** Rounds whose samples count. In each round all that is compared takes its turn, so that noise hits all alike. */
  readonly rounds: number;
  /** Only to see that it runs: what is counted is little. */
  readonly quick: boolean;
  readonly contestants: Contestants;
}

/** A measure: one file under measures/, named as it is called. */
export interface Measure {
  readonly name: string;
  /** What it tells, in one line. */
  readonly about: string;
  /** `matrix`: a row's `what` is `column: line`, and the page has one table of the medians. */
  readonly layout?: "matrix";
  readonly defaultRounds: number;
  run(options: MeasureOptions): Promise<Row[]>;
}
