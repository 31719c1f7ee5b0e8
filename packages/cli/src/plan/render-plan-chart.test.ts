import { describe, expect, it } from 'vitest';
import { renderPlanChart } from './render-plan-chart.ts';
import { samplePlan } from './sample-plan.ts';

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>|<tspan[^>]*>([^<]*)<\/tspan>/g)].map(
    ([, text, part]) => text ?? part ?? '',
  );

describe('the chart of a plan', () => {
  it('shows every stage and every service, with what they come to', async () => {
    const svg = await renderPlanChart(samplePlan(), { design: 'sluice' });
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    const texts = textsOf(svg);
    for (const { stage } of samplePlan().stages) expect(texts).toContain(stage);
    expect(texts).toEqual(
      expect.arrayContaining([
        '558,000 rows',
        '558,000 rows complete after 5 min 20 s, for $0.72 in us-east-1 (prices as of 2026-11)',
        'minutes since the upload',
        'Cost: $1.29 per million rows',
        'DynamoDB',
        '$0.70',
        'Lambda',
        '$0.016',
      ]),
    );
  });

  it('stands alone: nothing in it runs or is fetched, and it has a background', async () => {
    const svg = await renderPlanChart(samplePlan(), { design: 'sluice' });
    expect(svg).not.toMatch(/<script|<style|<image|<foreignObject| on[a-z]+=|href=|url\(|NaN|undefined/i);
    expect(svg).toContain('fill="white"');
  });

  it('lets no name be markup, or turn the text around', async () => {
    const name = '</text><script>alert(1)</script>&"\u202e\u0000.csv';
    const svg = await renderPlanChart(samplePlan(), { design: 'article', name });
    expect(svg).not.toContain('<script');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(svg).not.toMatch(/[\u0000-\u0008\u202e]/);
    expect(textsOf(svg)).toContain(
      '&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"\\u{202e}\\u{0}.csv, by the article\'s design',
    );
  });

  it('has the unit of time that fits, and stands for a plan of next to nothing, too', async () => {
    const at = async (seconds: number) => {
      const timeline = [0, seconds].map((atSeconds, index) => ({
        atSeconds,
        carried: samplePlan().timeline[index * 4]?.carried ?? expect.fail(),
      }));
      return textsOf(await renderPlanChart(samplePlan({ seconds, timeline }), { design: 'sluice' }));
    };
    expect(await at(60)).toContain('seconds since the upload');
    expect(await at(86_400)).toContain('hours since the upload');
    expect(await at(0)).toContain('seconds since the upload');
  });
});
