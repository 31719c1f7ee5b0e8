/** An alarm as the emulator tells it in JSON. */
export type Alarm = Readonly<Record<string, unknown>> & { readonly AlarmName: string };

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const toText = (value: unknown): string => String(value).replaceAll(/[&<>]/g, (character) => escapes[character] ?? '');

const isTold = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

/** A value as AWS's Query protocol writes it: members of a list, fields of an object, text of the rest. */
const toXml = (value: unknown): string => {
  if (Array.isArray(value)) return value.map((member) => `<member>${toXml(member)}</member>`).join('');
  if (typeof value !== 'object' || value === null) return toText(value);
  return Object.entries(value)
    .filter(([, field]) => isTold(field))
    .map(([name, field]) => `<${name}>${toXml(field)}</${name}>`)
    .join('');
};

/** What a metric of its own has; an alarm on an expression has none, and the emulator makes these two up. */
const ofMetric = ['MetricName', 'Period', 'Statistic'];
/** Seconds since 1970 in JSON, ISO in XML; nobody here asks for them. */
const times = /Timestamp$/;

/** The names that a DescribeAlarms request of the Query protocol asks for; undefined for any other request. */
export const askedAlarms = (form: string): string[] | undefined => {
  const parameters = new URLSearchParams(form);
  if (parameters.get('Action') !== 'DescribeAlarms') return undefined;
  return [...parameters].flatMap(([name, value]) => (name.startsWith('AlarmNames.member.') ? [value] : []));
};

/** The answer to DescribeAlarms with every field that the emulator keeps. Its own in XML leaves most of them out. */
export const alarmList = (alarms: readonly Alarm[]): string => {
  const members = alarms.map((alarm) => {
    const isOnExpression = !isTold(alarm['MetricName']);
    const told = Object.entries(alarm).filter(
      ([name]) => !times.test(name) && !(isOnExpression && ofMetric.includes(name)),
    );
    return Object.fromEntries(told);
  });
  const result = `<DescribeAlarmsResult><MetricAlarms>${toXml(members)}</MetricAlarms></DescribeAlarmsResult>`;
  const space = 'http://monitoring.amazonaws.com/doc/2010-08-01/';
  const id = '<ResponseMetadata><RequestId>e2e</RequestId></ResponseMetadata>';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeAlarmsResponse xmlns="${space}">${result}${id}</DescribeAlarmsResponse>`;
};
