/** The same preparation for the same folder is made once in the life of the process, also for callers that come at once. */
export const oncePerFolder = <Context extends { readonly folder: string }, Result>(
  prepare: (context: Context) => Promise<Result>,
): ((context: Context) => Promise<Result>) => {
  const prepared = new Map<string, Promise<Result>>();
  return (context) => {
    const known = prepared.get(context.folder) ?? prepare(context);
    prepared.set(context.folder, known);
    return known;
  };
};
