import { describe, expect, it } from 'vitest';
import { letsSend } from './queue-policy.ts';

const statement = {
  Effect: 'Allow',
  Principal: { Service: 's3.amazonaws.com' },
  Action: ['sqs:SendMessage'],
  Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::inbox' }, StringEquals: { 'aws:SourceAccount': '0' } },
};
const policyOf = (changes: object) => ({ Statement: [{ ...statement, ...changes }] });

describe('a policy lets a service send', () => {
  it.each([
    ['for the source it names', {}],
    ['when the action is not in a list', { Action: 'SQS:SendMessage' }],
    ['when it allows everything', { Action: 'sqs:*' }],
    ['when it names several services', { Principal: { Service: ['events.amazonaws.com', 's3.amazonaws.com'] } }],
    ['when it names no source', { Condition: undefined }],
    [
      'when it names the source among others',
      { Condition: { ArnLike: { 'AWS:SourceArn': ['arn:x', 'arn:aws:s3:::inbox'] } } },
    ],
  ])('%s', (_, changes) => {
    expect(letsSend(policyOf(changes), 's3.amazonaws.com', ':inbox')).toBe(true);
  });

  it.each([
    ['it denies', policyOf({ Effect: 'Deny' })],
    ['it names another service', policyOf({ Principal: { Service: 'sns.amazonaws.com' } })],
    ['it names another source', policyOf({ Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::inbox-2' } } })],
    ['it allows another action', policyOf({ Action: 'sqs:ReceiveMessage' })],
    ['it has no statement', {}],
    ['there is none', undefined],
    ['it is no policy', 'text'],
  ])('not when %s', (_, policy) => {
    expect(letsSend(policy, 's3.amazonaws.com', ':inbox')).toBe(false);
  });
});
