/** What a run does, step by step, each with its time. Steps can run beside each other. */
export type Steps = {
  /** Runs a step; it throws what the step throws. */
  run<Result>(name: string, work: (say: (text: string) => void) => Promise<Result>): Promise<Result>;
  /** Steps under way, for whoever has to say where the run was. */
  underWay(): readonly string[];
  /** Name and seconds of every step that ended, in the order in which they began. */
  timings(): readonly (readonly [name: string, seconds: number])[];
};

const secondsSince = (from: number): number => (performance.now() - from) / 1000;

/** `print` takes one line. */
export const createSteps = (print: (line: string) => void): Steps => {
  const begun = performance.now();
  const steps: { readonly name: string; seconds?: number }[] = [];
  const say = (name: string, text: string): void =>
    print(`${secondsSince(begun).toFixed(0).padStart(4)} s  ${name}: ${text}`);
  return {
    async run(name, work) {
      const from = performance.now();
      const step: (typeof steps)[number] = { name };
      steps.push(step);
      try {
        const result = await work((text) => say(name, text));
        step.seconds = secondsSince(from);
        say(name, `done in ${step.seconds.toFixed(1)} s`);
        return result;
      } catch (thrown) {
        step.seconds = secondsSince(from);
        say(name, `failed after ${step.seconds.toFixed(1)} s`);
        throw thrown;
      }
    },
    underWay: () => steps.filter(({ seconds }) => seconds === undefined).map(({ name }) => name),
    timings: () => steps.flatMap(({ name, seconds }) => (seconds === undefined ? [] : [[name, seconds] as const])),
  };
};

/** Asks again and again until the answer is one, and says what it was each time it changes. Throws when it takes too long. */
export const waitFor = async <Result>(
  what: string,
  ask: () => Promise<{ readonly result?: Result; readonly shown: string }>,
  {
    seconds,
    say,
    signal,
  }: { readonly seconds: number; readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<Result> => {
  const from = performance.now();
  let last = '';
  for (;;) {
    signal.throwIfAborted();
    const { result, shown } = await ask();
    if (shown !== last) say(shown);
    last = shown;
    if (result !== undefined) return result;
    if (secondsSince(from) > seconds) throw new Error(`expected ${what} within ${seconds} s, found ${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
};
