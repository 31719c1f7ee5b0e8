import { refuse } from './scripted-error.ts';

/** The words of a text, one by one. Keywords are compared without regard to case, as DynamoDB does. */
export type Tokens = {
  /** The next word; undefined at the end. */
  peek(): string | undefined;
  next(): string;
  /** Takes the next word if it is this one. */
  accept(word: string): boolean;
  /** Takes the next word, which must be this one. */
  expect(word: string): void;
  expectEnd(): void;
};

/** `token` is a sticky pattern of one word; white space between words is dropped. `name` says in an error what was read. */
export const readTokens = (name: string, text: string, token: RegExp): Tokens => {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (at === text.length) break;
    token.lastIndex = at;
    const word = token.exec(text)?.[0];
    if (word === undefined) return refuse('ValidationException', `Invalid ${name}: Syntax error at character ${at}`);
    words.push(word);
    at += word.length;
  }
  let position = 0;
  const fail = (): never =>
    refuse('ValidationException', `Invalid ${name}: Syntax error; token: ${words[position] ?? '<EOF>'}`);
  const isNext = (word: string): boolean => words[position]?.toUpperCase() === word.toUpperCase();
  return {
    peek: () => words[position],
    next: () => words[position++] ?? fail(),
    accept(word) {
      if (!isNext(word)) return false;
      position++;
      return true;
    },
    expect(word) {
      if (!isNext(word)) fail();
      position++;
    },
    expectEnd() {
      if (position < words.length) fail();
    },
  };
};
