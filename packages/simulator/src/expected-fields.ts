/**
 * The oracle's reading of a record into fields, one character at a time. A quote opens only as the first character of a field. A
 * doubled one within stands for itself, any other closes. What follows a closed part makes the whole field, quotes and all, literal
 * text up to the delimiter; but after a NUL only what follows the quotes is. `record` ends outside quotes, and without its line end.
 */
export const splitFields = (record: string, delimiter: string): string[] => {
  const fields: string[] = [];
  let at = 0;
  const readText = (): string => {
    const from = at;
    while (at < record.length && record[at] !== delimiter) at += 1;
    return record.slice(from, at);
  };
  const readQuoted = (): string => {
    let content = '';
    for (at += 1; ; at += 1) {
      if (record[at] === '"') {
        if (record[at + 1] !== '"') break;
        at += 1;
      }
      content += record[at];
    }
    at += 1;
    const after = record[at];
    if (after === undefined || after === delimiter) return content;
    return after === '\0' ? content + readText() : `"${content}"${readText()}`;
  };
  for (;;) {
    fields.push(record[at] === '"' ? readQuoted() : readText());
    if (at >= record.length) return fields;
    at += 1;
  }
};
