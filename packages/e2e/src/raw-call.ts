import { region } from './emulator.ts';

export type RawCall = {
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly target?: string;
  readonly form?: string;
  readonly json?: unknown;
};

/**
 * Calls a service of the emulator without a client for it, for what is asked once. The emulator looks at no signature, but takes
 * service, account and region from it. Throws on any status but success.
 */
export const callRaw = async (
  endpoint: string,
  { service, method, path = '/', target, form, json }: RawCall,
): Promise<string> => {
  const scope = `test/20260101/${region}/${service}/aws4_request`;
  const headers: Record<string, string> = {
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    'content-type': form === undefined ? 'application/x-amz-json-1.0' : 'application/x-www-form-urlencoded',
  };
  if (target !== undefined) headers['x-amz-target'] = target;
  const body = form ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await fetch(endpoint + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (response.ok) return text;
  throw new Error(`${target ?? form ?? path} of ${service}: expected success, found status ${response.status}`);
};
