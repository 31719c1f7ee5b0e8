import { styleText } from 'node:util';

type Paint = (text: string) => string;

/** How text is set off on a terminal, by what it says. */
export type Style = {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
};

type Format = Parameters<typeof styleText>[0];

/**
 * Styles for what is written to `stream`; none where it is no terminal, with NO_COLOR or on a dumb terminal. FORCE_COLOR has the
 * last word. Source of the rules: Node.js, `util.styleText` and `tty.WriteStream.getColorDepth`.
 */
export const createStyle = (stream: NodeJS.WritableStream): Style => {
  // Asked once: the answer is looked up in the environment each time.
  const isStyled = styleText('bold', ' ', { stream }) !== ' ';
  const paint =
    (format: Format): Paint =>
    (text) =>
      isStyled && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    warn: paint('yellow'),
    bad: paint(['bold', 'red']),
  };
};
