/**
 * The column names of a header: each field cleaned; an empty one at position `n` is `column_n` (1-based); of those that
 * are equal the first keeps the name `a`, the next become `a_2`, `a_3`, passing over names that the header gives itself.
 * So names are unique, and a name that stands once in the header stays.
 */
export const nameColumns = (
  header: readonly string[],
  cleanField: (text: string) => string | null,
): readonly string[] => {
  const given = header.map(cleanField);
  const taken = new Set<string | null>(given);
  const used = new Set<string>();
  const nextNumber = new Map<string, number>();
  return given.map((cleaned, index) => {
    const wanted = cleaned ?? `column_${index + 1}`;
    let name = wanted;
    // An empty field's name yields to a column that bears it in the header.
    if (used.has(wanted) || (cleaned === null && taken.has(wanted))) {
      let number = nextNumber.get(wanted) ?? 2;
      while (taken.has(`${wanted}_${number}`) || used.has(`${wanted}_${number}`)) number += 1;
      nextNumber.set(wanted, number + 1);
      name = `${wanted}_${number}`;
    }
    used.add(name);
    return name;
  });
};

/** `column_1`, `column_2`, ...: the names in a file without a header. */
export const numberColumns = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `column_${index + 1}`);
