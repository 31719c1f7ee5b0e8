// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is dropped, all but white space.
const control = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/g;
const spaces = /[\s\u0085]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
const ascii = /^[\u0000-\u007f]*$/;

/** As it is usually written: control characters dropped, runs of white space to one space, trimmed, NFC; null for what is empty. */
export const cleanField = (field: string): string | null => {
  const text = field.replace(control, '').replace(spaces, ' ').trim();
  if (text === '') return null;
  return ascii.test(text) ? text : text.normalize('NFC');
};
