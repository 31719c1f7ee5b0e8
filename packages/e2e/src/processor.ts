import { defineProcessor, permanent } from 'sluice';

const service = (): string => process.env['SLUICE_E2E_SERVICE'] ?? '';

/**
 * The end-to-end run's own processor. Rows of kind `unwanted` are refused for good as long as the run's service says so; those of
 * kind `outside` need that service, which is off for a while; all others come to their amount in hundredths.
 */
export default defineProcessor<{ readonly kind: string; readonly amount: string }>({
  name: 'e2e',
  async process({ data }, { signal }) {
    if (data.kind === 'unwanted' && !(await fetch(`${service()}/wanted`, { signal })).ok)
      throw permanent('UNWANTED', 'expected goods that are wanted, found others');
    if (data.kind === 'outside') {
      const response = await fetch(`${service()}/outside`, { signal });
      if (!response.ok) throw new Error(`expected the service to answer, found status ${response.status}`);
    }
    const [whole = '', fraction = ''] = data.amount.split('.');
    return { hundredths: `${whole}${fraction.padEnd(2, '0')}` };
  },
});
