type Statement = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const isObject = (value: unknown): value is Statement => typeof value === 'object' && value !== null;

/** The ARNs that a statement names as senders; undefined when it lets any of the service's in. */
const sourcesOf = (statement: Statement): readonly unknown[] | undefined => {
  const conditions = isObject(statement['Condition']) ? Object.values(statement['Condition']) : [];
  const named = conditions
    .filter(isObject)
    .flatMap((condition) =>
      Object.entries(condition).flatMap(([key, value]) => (key.toLowerCase() === 'aws:sourcearn' ? listOf(value) : [])),
    );
  return named.length === 0 ? undefined : named;
};

/**
 * Whether a queue's policy (parsed) has a statement that lets the service send for the ARN that ends with `source`. Looks no further
 * than at statements of the kind that Terraform makes: what else a policy may forbid is not evaluated.
 */
export const letsSend = (policy: unknown, service: string, source: string): boolean => {
  const statements = isObject(policy) ? listOf(policy['Statement']).filter(isObject) : [];
  return statements.some((statement) => {
    const principal = statement['Principal'];
    const services = isObject(principal) ? listOf(principal['Service']) : [];
    const actions = listOf(statement['Action']).map((action) => String(action).toLowerCase());
    const sources = sourcesOf(statement);
    return (
      statement['Effect'] === 'Allow' &&
      (services.includes(service) || principal === '*') &&
      actions.some((action) => ['sqs:sendmessage', 'sqs:*', '*'].includes(action)) &&
      (sources === undefined || sources.some((found) => String(found).endsWith(source)))
    );
  });
};
