import { describe, expect, it } from 'vitest';
import { describeError, SluiceError } from './errors.ts';

describe('SluiceError', () => {
  it('is an Error with its code, its message and its own name', () => {
    const error = new SluiceError('ROW_REFUSED', 'expected the row taken, found it refused');
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe('SluiceError: expected the row taken, found it refused');
    expect(error.code).toBe('ROW_REFUSED');
  });

  it('is permanent where trying again cannot mend it, and only there', () => {
    expect(new SluiceError('OBJECT_CHANGED', '').permanent).toBe(true);
    expect(new SluiceError('THROTTLED', '').permanent).toBe(false);
    expect(new SluiceError('UNKNOWN', '').permanent).toBe(false);
  });
});

describe('describeError', () => {
  it('keeps the code and the message of a SluiceError', () => {
    expect(describeError(new SluiceError('TIMEOUT', 'expected an answer, found none'))).toEqual({
      code: 'TIMEOUT',
      message: 'expected an answer, found none',
    });
  });

  it('keeps the class of an unknown error and none of its text', () => {
    expect(describeError(new RangeError('SECRET-CONTENT'))).toEqual({
      code: 'UNKNOWN',
      message: 'expected success, found an error of class RangeError',
    });
  });

  it('takes an error that only looks like a SluiceError as unknown', () => {
    const error = Object.assign(new Error('SECRET-CONTENT'), { code: 'TIMEOUT', permanent: false });
    expect(describeError(error)).toEqual({
      code: 'UNKNOWN',
      message: 'expected success, found an error of class Error',
    });
  });

  it.each([
    ['SECRET-CONTENT', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
    [{ name: 'SECRET-CONTENT', message: 'SECRET-CONTENT' }, 'object'],
  ])('names the type alone of %o, which is no error', (thrown, type) => {
    expect(describeError(thrown).message).toBe(`expected success, found an error of class ${type}`);
  });

  it('keeps the message short whatever the name', () => {
    const error = Object.assign(new Error(), { name: 'x'.repeat(10_000) });
    expect(describeError(error).message).toHaveLength('expected success, found an error of class '.length + 80);
  });

  it.each([undefined, null, 42, {}])('describes an error whose name is %o, which is no text', (name) => {
    const error = new Error('SECRET-CONTENT');
    Object.defineProperty(error, 'name', { value: name });
    expect(describeError(error)).toEqual({
      code: 'UNKNOWN',
      message: 'expected success, found an error of class Error',
    });
  });
});
