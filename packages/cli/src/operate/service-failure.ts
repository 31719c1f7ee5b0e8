import { SluiceError } from '@sluice/core/errors';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { CommandFailed } from './session.ts';

// What services and the SDK throw, as one line that says what to do. The adapters of core throw SluiceError with the name that
// the SDK gave the error; what the command itself asks of a service throws the SDK's own.

const credentialsHelp = 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login';

/** No credentials. Source: @smithy/property-provider. */
const missingCredentials: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError']);

export const isMissingCredentials = (thrown: unknown): boolean =>
  thrown instanceof Error && missingCredentials.has(thrown.name);

/** Credentials that are no longer good. Source: common errors of AWS's APIs, S3 error responses. */
const expiredCredentials: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenRefreshRequired',
]);

/** Credentials that never were. The same sources. */
const wrongCredentials: ReadonlySet<string> = new Set([
  'AuthFailure',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const denials: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'Forbidden',
  'KMS.AccessDeniedException',
  'KmsAccessDenied',
  'NotAuthorized',
  'UnauthorizedOperation',
]);

/** What is not there, by the name of the error. */
const absences: ReadonlyMap<string, string> = new Map([
  ['AWS.SimpleQueueService.NonExistentQueue', 'queue'],
  ['QueueDoesNotExist', 'queue'],
  ['NoSuchBucket', 'bucket'],
  ['ResourceNotFoundException', 'table or function'],
]);

const throttles = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ProvisionedThroughputExceeded|LimitExceeded/;

/** Codes of Node for a connection that never came to be, or broke off. */
const unreachable: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
]);

type Fault = { readonly operation: string; readonly name: string; readonly status?: number; readonly code?: string };

/** As core/aws/service-error.ts words it. */
const wording = /^expected (.{1,80}?) to succeed, found (\S+)(?: with status (\d{3})| (E[A-Z_]+))?$/;

const faultOf = (thrown: unknown): Fault | undefined => {
  if (thrown instanceof SluiceError) {
    const [, operation, name, status, code] = wording.exec(thrown.message) ?? [];
    if (operation === undefined || name === undefined) return undefined;
    return {
      operation,
      name,
      ...(status === undefined ? {} : { status: Number(status) }),
      ...(code === undefined ? {} : { code }),
    };
  }
  if (!(thrown instanceof Error)) return undefined;
  const { $metadata, code } = thrown as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  const isNetwork = typeof code === 'string' && (unreachable.has(code) || code === 'ETIMEDOUT');
  const isOurs = $metadata !== undefined || isNetwork || thrown.name === 'TimeoutError';
  if (!isOurs && !missingCredentials.has(thrown.name)) return undefined;
  return {
    operation: 'a call',
    name: thrown.name,
    ...($metadata?.httpStatusCode === undefined ? {} : { status: $metadata.httpStatusCode }),
    ...(isNetwork ? { code } : {}),
  };
};

/** Without credentials no command can do anything: UsageError. `profile`: the one that was asked for them. */
export const noCredentials = (profile?: string): UsageError => {
  if (!profile) return new UsageError(`expected AWS credentials, found none: ${credentialsHelp}`);
  const shown = toTerminalText(profile, 80);
  return new UsageError(
    `expected AWS credentials of AWS_PROFILE ${shown}, found none; aws configure list-profiles names the profiles that there are, aws sso login --profile ${shown} renews a session`,
  );
};

const describe = ({ operation, name, status, code }: Fault): Error | undefined => {
  const of = operation === 'a call' ? 'a call to AWS' : operation;
  // A HEAD is answered without a body, which would name the error.
  const isNameless = name === 'Unknown' && status !== undefined;
  const reason = toTerminalText(code ?? (isNameless ? `status ${status}` : name), 80);
  if (missingCredentials.has(name)) return noCredentials();
  if (expiredCredentials.has(name)) {
    return new UsageError(`expected AWS credentials, found expired ones (${reason}): ${credentialsHelp}`);
  }
  if (wrongCredentials.has(name)) {
    return new UsageError(`expected AWS credentials that AWS knows, found others (${reason}): ${credentialsHelp}`);
  }
  if (throttles.test(name) || status === 429 || status === 503) {
    return new CommandFailed(`expected ${of} to succeed, found it throttled (${reason}); nothing is lost, try again`);
  }
  if (denials.has(name) || status === 403) {
    return new CommandFailed(
      `expected ${of} to be allowed, found access denied (${reason}); these credentials may not do it in this account`,
    );
  }
  if (isNameless && status === 400) {
    return new CommandFailed(
      `expected ${of} to succeed, found it refused for no reason given (${reason}), as it is with expired credentials: ${credentialsHelp}`,
    );
  }
  if (name === 'SyntaxError' && status !== undefined) {
    return new CommandFailed(
      `expected ${of} to be answered by its service, found something else answering (status ${status}); check the proxy, and AWS_ENDPOINT_URL where it is set`,
    );
  }
  const absent = absences.get(name);
  if (absent !== undefined) {
    return new CommandFailed(
      `expected ${of} to find its ${absent}, found none (${reason}); is --stack the deployment of this account and region?`,
    );
  }
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    return new CommandFailed(
      `expected an answer to ${of}, found none in time (${reason}); it may have taken effect, try again`,
    );
  }
  if (code !== undefined && unreachable.has(code)) {
    return new CommandFailed(
      `expected ${of} to reach its service, found no connection (${reason}); check the network, the region, and AWS_ENDPOINT_URL where it is set`,
    );
  }
  return undefined;
};

/** The error that tells in one line what a service or the SDK threw, and what to do; what is none of theirs comes back as it is. */
export const toServiceFailure = (thrown: unknown): unknown => {
  const fault = faultOf(thrown);
  if (fault === undefined) return thrown;
  const told = describe(fault);
  if (told !== undefined) return told;
  if (thrown instanceof SluiceError) return thrown;
  const { name, status } = fault;
  const found = toTerminalText(name, 80) + (status === undefined ? '' : ` with status ${status}`);
  return new CommandFailed(`expected a call to AWS to succeed, found ${found}`);
};
