/** The records of a CSV as RFC 4180 has it, fields as text. Written for this run alone, so that nothing of the product's reads its own. */
export const parseCsv = (text: string): string[][] => {
  const records: string[][] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ',') {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      records.push([...fields, field]);
      fields = [];
      field = '';
    } else if (character !== '\r') field += character;
  }
  if (field !== '' || fields.length > 0) records.push([...fields, field]);
  return records;
};
