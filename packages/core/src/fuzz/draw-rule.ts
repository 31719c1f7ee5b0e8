import type { Random } from './random.ts';

const digits = (random: Random, most: number): string => random.list(1, most, () => String(random.below(10))).join('');

/** Numbers around what is exact, what rounds, and what differs in the last digit only. */
const edges = [
  ...['0', '-0', '1', '-1', '9007199254740991', '9007199254740992', '-9007199254740991', '-9007199254740993'],
  ...[
    '0.1',
    '0.10',
    '.5',
    '5.',
    '-.5',
    '1e400',
    '1e-400',
    '1e401',
    '9007199254740993.1',
    '123456789012345678901234567890',
  ],
];

const drawNumber = (random: Random): string => {
  const sign = random.pick(['', '', '-', '+']);
  const whole = random.pick(['', '0', '00', '']) + random.pick([digits(random, 3), digits(random, 25), '']);
  const fraction = random.pick(['', '', '.', `.${digits(random, 3)}`, '.0', '.000', `.${digits(random, 25)}`]);
  const exponent = random.oneIn(5)
    ? `${random.pick(['e', 'E'])}${random.pick(['', '-', '+'])}${random.oneIn(6) ? '0000000' : ''}${digits(random, 3)}`
    : '';
  return random.oneIn(4) ? random.pick(edges) : sign + whole + fraction + exponent;
};

const two = (value: number): string => String(value).padStart(2, '0');

const leapYears = [4, 100, 400, 1600, 1700, 1900, 2000, 2023, 2024, 2100, 9996];

const drawDay = (random: Random): [year: number, month: number, day: number] => {
  if (random.oneIn(5)) return [random.pick(leapYears), 2, 29];
  return [
    random.pick([0, 1, 1968, 1969, 1970, 2069, 9999, random.below(10_000), random.between(1_960, 2_070)]),
    random.oneIn(20) ? random.pick([0, 13, 99]) : random.between(1, 12),
    random.oneIn(3) ? random.pick([0, 28, 29, 30, 31, 32]) : random.between(1, 28),
  ];
};

/** Formats that files in practice have. */
export const formats = {
  date: ['yyyy-MM-dd', 'dd.MM.yyyy', 'd.M.yyyy', 'M/d/yyyy', 'dd-MMM-yy', 'yyyyMMdd', 'yy/MM/dd'],
  datetime: [
    'yyyy-MM-ddTHH:mm[:ss[.S]][XXX]',
    'yyyy-MM-dd HH:mm:ss',
    'dd/MM/yyyy hh:mm a',
    'd.M.yyyy H:m',
    'yyyyMMddTHHmmss[.SSS]',
    'MMM d, yyyy h:mm:ss a',
    'yyyy-MM-dd HH:mm:ss.S[ XXX]',
  ],
} as const;

const boundDates = ['0001-01-01', '1970-01-01', '2000-02-29', '2023-12-31', '9999-12-31'];
const boundTimes = ['00:00:00Z', '23:59:59.999999999', '00:30:00+01:00', '12:00', '08:26:01.5', '08:26:01.25-05:30'];

/** The same instant, or one that differs from it by a digit of a second's fraction or an offset. */
const drawNear = (random: Random, bound: string): string => {
  const fraction = random.pick(['', '.5', '.50', '.499999999', '.25', '.999999998']);
  const near =
    bound.includes('.') || /:\d\d:\d\d/.test(bound)
      ? bound.replace(/(:\d\d)(\.\d+)?(?=[Z+-]|$)/, `$1${fraction}`)
      : bound;
  return random.oneIn(3) ? near.replace(/(Z|[+-]\d\d:\d\d)$/, random.pick(['Z', '+00:30', '-01', ''])) : near;
};

const monthNames = ['Jan', 'FEB', 'mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'sEp', 'Oct', 'Nov', 'Dec'];

/** A text of this format, mostly; its values mostly those of a date. */
const writeDate = (random: Random, format: string): string => {
  const [year, month, day] = drawDay(random);
  const hour = random.oneIn(10) ? random.pick([24, 12, 0, 99]) : random.below(24);
  const minute = random.oneIn(12) ? 60 : random.below(60);
  const second = random.oneIn(12) ? random.pick([60, 61]) : random.below(60);
  const half = random.oneIn(10) ? random.pick([0, 13]) : random.between(1, 12);
  const offset = random.pick(['Z', '+01:00', '-0530', '+14', '-23:59', '+24:00', 'z', '+00:00']);
  const written: Record<string, string> = {
    ...{ yyyy: String(year).padStart(4, '0'), yy: two(year % 100), MMM: monthNames[month - 1] ?? 'Abc' },
    ...{ MM: two(month), M: String(month), dd: two(day), d: String(day), HH: two(hour), H: String(hour) },
    ...{ hh: two(half), h: String(half), mm: two(minute), m: String(minute), ss: two(second), s: String(second) },
    ...{
      SSS: digits(random, 3).padStart(3, '0'),
      S: digits(random, 10),
      a: random.pick(['AM', 'pm', 'Pm']),
      XXX: offset,
    },
    T: random.pick(['T', 'T', ' ', 't']),
  };
  let kept = format;
  // What may be missing goes, or stays without its brackets.
  while (kept.includes('[')) kept = kept.replace(/\[([^[\]]*)\]/, random.oneIn(2) ? '' : '$1');
  return kept.replace(/([a-zA-Z])\1*/g, (piece) => written[piece] ?? piece);
};

export type DrawnColumn = {
  readonly json: Readonly<Record<string, unknown>>;
  /** A text that such a column mostly takes. */
  readonly draw: () => string;
};

const maybe = (random: Random, name: string, value: () => unknown): Record<string, unknown> =>
  random.oneIn(3) ? { [name]: value() } : {};

const drawTyped = (random: Random): DrawnColumn => {
  const type = random.pick(['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum'] as const);
  const number = (): string => drawNumber(random);
  switch (type) {
    case 'string': {
      const words = ['a', 'ab', 'abc', 'A-12', '\u{1f600}\u{1f600}', 'e\u0301', 'GB'];
      const rules = {
        ...maybe(random, 'maxLength', () => random.between(1, 8)),
        ...maybe(random, 'pattern', () =>
          random.pick(['[a-z]{1,3}', '\\w+|\\p{L}', '.', 'a|ab', '[A-Z]-\\d+', '[^a]*']),
        ),
      };
      return { json: { type, ...rules }, draw: () => random.pick(words).repeat(random.pick([1, 1, 2, 3])) };
    }
    case 'integer': {
      const bound = (): number => random.pick([0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1, random.between(-500, 500)]);
      const [low, high] = [bound(), bound()].sort((left, right) => left - right);
      return { json: { type, ...maybe(random, 'min', () => low), ...maybe(random, 'max', () => high) }, draw: number };
    }
    case 'decimal': {
      // Often beyond what a double tells apart: then only its last digit differs from the bound.
      const near = random.oneIn(2) ? number() : `${random.between(1, 9)}${digits(random, 20)}.${digits(random, 20)}`;
      const rules = {
        ...maybe(random, 'min', () => near),
        ...maybe(random, 'max', random.oneIn(2) ? number : () => near),
      };
      return {
        json: { type, ...rules },
        draw: () => (random.oneIn(3) ? near.slice(0, -1) + random.pick(['0', '1', '5', '9', '51', '']) : number()),
      };
    }
    case 'boolean': {
      const words = ['true', 'FALSE', 'Yes', 'no', 'Y', 'n', '1', '0', 'on', 'ye\u017f', '2', 'T'];
      return { json: { type }, draw: () => random.pick(words) };
    }
    case 'enum': {
      const values = ['a', 'b', 'a b', '1', 'é', '__proto__', 'A'].slice(0, random.between(1, 7));
      return { json: { type, values }, draw: () => random.pick([...values, 'c', 'B', 'e\u0301']) };
    }
    default: {
      const format: string = random.pick<string>(formats[type]);
      const [iso = ''] = formats[type];
      const bounds = type === 'date' ? boundDates : boundDates.map((day) => `${day}T${random.pick(boundTimes)}`);
      const bound = (): string => (random.oneIn(5) ? writeDate(random, iso) : random.pick(bounds));
      const rules: Readonly<Record<string, unknown>> = {
        ...maybe(random, 'min', bound),
        ...maybe(random, 'max', bound),
        ...(random.oneIn(2) ? { format } : {}),
      };
      const asked = typeof rules['format'] === 'string' ? rules['format'] : iso;
      const limit = rules['min'] ?? rules['max'];
      return {
        json: { type, ...rules },
        draw: () => {
          if (typeof limit === 'string' && asked === iso && random.oneIn(2)) return drawNear(random, limit);
          return writeDate(random, random.oneIn(12) ? format : asked);
        },
      };
    }
  }
};

/** What a schema may say of one column, and texts for it. It may contradict itself. */
export const drawColumn = (random: Random): DrawnColumn => {
  const { json, draw } = drawTyped(random);
  const shared = {
    ...maybe(random, 'required', () => random.oneIn(2)),
    ...maybe(random, 'clean', () => random.oneIn(2)),
    ...(random.oneIn(8) && json['type'] !== 'boolean' ? { redact: random.pick(['hash', 'mask']) } : {}),
    ...(random.oneIn(5) ? { default: json['type'] === 'integer' ? random.between(-9, 9) : draw() } : {}),
  };
  const isKept = 'redact' in shared || 'default' in shared || !random.oneIn(8);
  return { json: { ...json, ...shared, ...(isKept ? {} : { drop: true }) }, draw };
};
