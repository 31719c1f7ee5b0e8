import { toServiceError } from '@sluice/core/aws/service-error';
import { SluiceError } from '@sluice/core/errors';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { toServiceFailure } from './service-failure.ts';
import { CommandFailed } from './session.ts';

/** An error as the SDK throws it. */
const sdkError = (name: string, status?: number, code?: string): Error =>
  Object.assign(new Error('SECRET'), { name }, status === undefined ? {} : { $metadata: { httpStatusCode: status } }, {
    ...(code === undefined ? {} : { code }),
  });

const told = (thrown: unknown): string => (toServiceFailure(thrown) as Error).message;
const byAdapter = (thrown: Error): SluiceError => toServiceError('SendMessageBatch', thrown, new Set());

describe('what a service threw', () => {
  it.each([
    [sdkError('AccessDeniedException', 400), /^expected SendMessageBatch to be allowed, found access denied/],
    [sdkError('Unknown', 403), /^expected SendMessageBatch to be allowed, found access denied \(status 403\)/],
    [sdkError('ThrottlingException', 400), /found it throttled \(ThrottlingException\); nothing is lost, try again$/],
    [sdkError('SlowDown', 503), /found it throttled/],
    [sdkError('QueueDoesNotExist', 400), /^expected SendMessageBatch to find its queue, found none/],
    [sdkError('NoSuchBucket', 404), /to find its bucket, found none/],
    [sdkError('ResourceNotFoundException', 400), /to find its table or function, found none/],
    [
      sdkError('Unknown', 400),
      /refused for no reason given \(status 400\), as it is with expired credentials: set AWS_PROFILE/,
    ],
    [sdkError('SyntaxError', 502), /found something else answering \(status 502\); check the proxy/],
    [sdkError('TimeoutError'), /^expected an answer to SendMessageBatch, found none in time/],
    [sdkError('Error', undefined, 'ECONNREFUSED'), /to reach its service, found no connection \(ECONNREFUSED\)/],
    [sdkError('Error', undefined, 'ENOTFOUND'), /AWS_ENDPOINT_URL where it is set$/],
  ])('%s is told in one line, by an adapter and by the SDK alike', (thrown, expected) => {
    expect(toServiceFailure(byAdapter(thrown))).toBeInstanceOf(CommandFailed);
    expect(told(byAdapter(thrown))).toMatch(expected);
    expect(toServiceFailure(thrown)).toBeInstanceOf(CommandFailed);
    expect(told(thrown)).not.toMatch(/SECRET(?!_ACCESS_KEY)|\n/);
  });

  it.each([
    ['CredentialsProviderError', /^expected AWS credentials, found none: set AWS_PROFILE, or AWS_ACCESS_KEY_ID/],
    [
      'ExpiredTokenException',
      /^expected AWS credentials, found expired ones \(ExpiredTokenException\): set AWS_PROFILE/,
    ],
    ['UnrecognizedClientException', /^expected AWS credentials that AWS knows, found others/],
  ])('%s is wrong usage', (name, expected) => {
    const thrown = sdkError(name, name.startsWith('Credentials') ? undefined : 400);
    for (const either of [thrown, byAdapter(thrown)]) {
      expect(toServiceFailure(either)).toBeInstanceOf(UsageError);
      expect(told(either)).toMatch(expected);
    }
  });

  it('says no more than the name of what it does not know', () => {
    expect(told(sdkError('Odd\u001b[31m', 500))).toBe(
      'expected a call to AWS to succeed, found Odd\\u{1b}[31m with status 500',
    );
  });

  it('leaves alone what no service threw', () => {
    for (const thrown of [new Error('x'), new SluiceError('OBJECT_CHANGED', 'expected x, found y'), 'text']) {
      expect(toServiceFailure(thrown)).toBe(thrown);
    }
  });
});
