import { UsageError } from 'sluice/usage-error';

type Thrown = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

/** Names and codes of errors that mean nobody answered. Source: Node's system errors, the SDK's request handler. */
const unanswered = /^(E[A-Z]+|TimeoutError)$/;

/** What an upload failed of, as one line that says what to do. */
export const toUploadError = (thrown: unknown, bucket: string, endpoint: string | undefined): Error => {
  const { name, code, message, $metadata } = (thrown ?? {}) as Thrown;
  const status = $metadata?.httpStatusCode;
  const kind = String(code ?? name ?? 'an error');
  if (name === 'CredentialsProviderError') {
    return new UsageError('expected AWS credentials (a profile in AWS_PROFILE, AWS_ACCESS_KEY_ID, a role), found none');
  }
  if (message === 'Region is missing') {
    return new UsageError('expected a region in AWS_REGION or in the AWS profile, found none');
  }
  if (status === undefined && (unanswered.test(kind) || unanswered.test(String(name)))) {
    return new Error(`expected S3 to answer at ${endpoint ?? 'its endpoint in AWS'}, found ${kind}`);
  }
  if (name === 'NoSuchBucket') return new UsageError(`expected the bucket ${bucket}, found none of that name`);
  if (status === 301) {
    return new UsageError(
      `expected the bucket ${bucket} in the region that functions are deployed to, found it in another`,
    );
  }
  if (status === 403) {
    const reason = 'it belongs to another account, or these credentials may not use it';
    return new UsageError(`expected to be let into the bucket ${bucket}, found ${kind} with status 403: ${reason}`);
  }
  return new Error(
    `expected S3 to take the bundles, found ${kind}${status === undefined ? '' : ` with status ${status}`}`,
  );
};
