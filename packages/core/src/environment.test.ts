import { describe, expect, it } from 'vitest';
import { parseEnvironment } from './environment.ts';

const declarations = {
  TABLE: 'text',
  QUEUE_URL: 'url',
  UNITS: 'whole',
  SHARE: 'share',
  LEVEL: 'level',
  ENDPOINT_URL: 'optional url',
} as const;

const right = {
  TABLE: 'sluice-dev-rows',
  QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/000000000000/sluice-dev-rows',
  UNITS: '4000',
  SHARE: '0.01',
  LEVEL: 'INFO',
};

const complaintOf = (variables: Readonly<Record<string, string | undefined>>): string => {
  try {
    parseEnvironment(variables, declarations);
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return '';
};

describe('parseEnvironment', () => {
  it('reads each variable as what it was declared to be, and leaves all others alone', () => {
    const environment = parseEnvironment({ ...right, ENDPOINT_URL: 'http://127.0.0.1:4566', OTHER: 'x' }, declarations);
    expect(environment).toEqual({ ...right, UNITS: 4000, SHARE: 0.01, ENDPOINT_URL: 'http://127.0.0.1:4566' });
  });

  it('takes an optional variable that is missing or empty for none', () => {
    expect(parseEnvironment(right, declarations).ENDPOINT_URL).toBeUndefined();
    expect(parseEnvironment({ ...right, ENDPOINT_URL: '' }, declarations).ENDPOINT_URL).toBeUndefined();
  });

  it('names every variable that is missing, in one error', () => {
    expect(complaintOf({})).toBe(
      'environment: TABLE: expected text without spaces, found nothing; ' +
        'QUEUE_URL: expected a URL that begins with http:// or https://, found nothing; ' +
        'UNITS: expected a whole number above 0, found nothing; ' +
        'SHARE: expected a share from 0 to 1, found nothing; ' +
        'LEVEL: expected one of DEBUG, INFO, WARN, ERROR, found nothing',
    );
  });

  it('takes an empty variable for one that is missing', () => {
    expect(complaintOf({ ...right, TABLE: '' })).toBe(
      'environment: TABLE: expected text without spaces, found nothing',
    );
  });

  it('names missing and malformed variables together, and shows no value', () => {
    const secret = 'hunter2 and more';
    const complaint = complaintOf({
      TABLE: secret,
      QUEUE_URL: secret,
      UNITS: secret,
      SHARE: secret,
      ENDPOINT_URL: secret,
    });
    expect(complaint.match(/[A-Z_]+(?=: expected)/g)).toEqual([
      'TABLE',
      'QUEUE_URL',
      'UNITS',
      'SHARE',
      'LEVEL',
      'ENDPOINT_URL',
    ]);
    expect(complaint).not.toContain('hunter2');
  });

  it.each([
    ['TABLE', ['a b', ' a', 'a\n']],
    ['QUEUE_URL', ['sqs.example', 'ftp://sqs.example/q', 'https://', 'https:// a']],
    ['UNITS', ['0', '-1', '1.5', '1e3', '0x10', ' 1', '99999999999999999999', 'NaN']],
    ['SHARE', ['1.01', '-0.1', '1%', '.5', '1e-2', 'Infinity']],
    ['LEVEL', ['info', 'TRACE', 'toString']],
  ])('refuses what is no value of %s', (name, texts) => {
    for (const text of texts) {
      const complaint = complaintOf({ ...right, [name]: text });
      expect([text, complaint.split(': expected')[0]]).toEqual([text, `environment: ${name}`]);
      expect(complaint).toContain('found something else');
    }
  });

  it.each([
    ['SHARE', '0', 0],
    ['SHARE', '1', 1],
    ['UNITS', '1', 1],
  ] as const)('takes %s = %s', (name, text, value) => {
    expect(parseEnvironment({ ...right, [name]: text }, declarations)[name]).toBe(value);
  });
});
