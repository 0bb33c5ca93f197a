import { Option } from "commander";
import { usageError } from "./command-error.js";
import { base64Option, longOption } from "./typed-options.js";

/** A behaviour as one types it. */
export interface BehaviourOptions {
  readonly behaviour?: string;
  readonly banner?: string;
  readonly bannerData?: string;
  readonly sourceBytes?: number;
  readonly sourceSeed?: number;
  readonly sourceBytesPerSecond?: number;
}

export function behaviourOptions(usual?: string): Option[] {
  const without = usual === undefined ? "" : ` (default: ${usual})`;
  return [
    new Option("--behaviour <kind>", `what is done with the peer's bytes${without}`).choices([
      "echo",
      "discard",
      "silent",
      "source",
      "manual",
    ]),
    new Option("--banner <text>", "sent first of all").conflicts("bannerData"),
    base64Option("--banner-data <base64>", "sent first of all"),
    longOption("--source-bytes <count>", "with source: how many bytes it sends; 0, the default, without end"),
    longOption("--source-seed <number>", "with source: the same seed gives the same bytes (default: 0)"),
    longOption(
      "--source-bytes-per-second <count>",
      "with source: at most so many; 0, the default, as many as the peer takes",
    ),
  ];
}

/** The Behaviour in ProtoJSON; nothing where nothing was said of it. */
export function behaviourJson(options: BehaviourOptions): object | undefined {
  const { behaviour: kind, banner: bannerText, bannerData } = options;
  const source = { bytes: options.sourceBytes, seed: options.sourceSeed, bytesPerSecond: options.sourceBytesPerSecond };
  if (kind !== "source" && Object.values(source).some((field) => field !== undefined)) {
    throw usageError("--source-bytes, --source-seed and --source-bytes-per-second go with --behaviour source");
  }
  if (kind === undefined && bannerText === undefined && bannerData === undefined) return undefined;
  return { bannerText, bannerData, ...(kind === undefined ? {} : { [kind]: kind === "source" ? source : {} }) };
}
