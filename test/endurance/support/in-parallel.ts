/** Does something so many times, at most `atOnce` of them at once. Gives what each came to, in order. */
export async function inParallel<Result>(
  count: number,
  atOnce: number,
  each: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await each(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return results;
}
