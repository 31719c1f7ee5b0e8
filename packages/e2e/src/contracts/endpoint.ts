/** The endpoint whose services the contracts are run against. */
export const contractEndpoint = (): string => {
  const endpoint = process.env['SLUICE_E2E_ENDPOINT'] ?? '';
  if (endpoint === '') throw new Error('SLUICE_E2E_ENDPOINT: expected the URL of an endpoint, found none');
  return endpoint;
};
