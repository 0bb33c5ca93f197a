/** Of each way a measure of endings takes so many, so that all of the daemon's ways together are more than 10,000. */
const wanted = 2500;
/** What the runtimes need to have compiled what is hot; more than once, as they do it in steps. */
const warmUp = 1000;

/** How often one turn of a measure repeats what it counts. */
export function repeats(
  { rounds, quick }: { readonly rounds: number; readonly quick: boolean },
  warming: boolean,
): number {
  if (quick) return 50;
  return warming ? warmUp : Math.ceil(wanted / rounds);
}

/** How many of them count in all. */
export function counted(options: { readonly rounds: number; readonly quick: boolean }): number {
  return repeats(options, false) * options.rounds;
}
