import { describe, expect, it } from 'vitest';
import { alarmList, askedAlarms } from './alarm-list.ts';

describe('a request for alarms', () => {
  it.each([
    ['Action=DescribeAlarms&AlarmNames.member.1=a+b&AlarmNames.member.2=c&Version=2010-08-01', ['a b', 'c']],
    ['Action=DescribeAlarms', []],
    ['Action=PutMetricAlarm&AlarmNames.member.1=a', undefined],
    ['', undefined],
  ])('%s asks for %j', (form, names) => {
    expect(askedAlarms(form)).toEqual(names);
  });
});

describe('the list of alarms', () => {
  it('has every field that is told, lists by their members', () => {
    const list = alarmList([
      {
        AlarmName: 'a',
        AlarmDescription: 'more than <1> & less',
        MetricName: 'm',
        Period: 300,
        ActionsEnabled: true,
        AlarmActions: ['arn:1', 'arn:2'],
        Dimensions: [{ Name: 'stage', Value: 'x' }],
        Unit: null,
        StateUpdatedTimestamp: 1,
      },
    ]);
    expect(list).toContain(
      '<MetricAlarms><member><AlarmName>a</AlarmName><AlarmDescription>more than &lt;1&gt; &amp; less</AlarmDescription>' +
        '<MetricName>m</MetricName><Period>300</Period><ActionsEnabled>true</ActionsEnabled>' +
        '<AlarmActions><member>arn:1</member><member>arn:2</member></AlarmActions>' +
        '<Dimensions><member><Name>stage</Name><Value>x</Value></member></Dimensions></member></MetricAlarms>',
    );
  });

  it('tells of an alarm on an expression nothing that a metric of its own would have', () => {
    const list = alarmList([{ AlarmName: 'a', MetricName: '', Period: 60, Statistic: 'Average', Threshold: 0 }]);
    expect(list).toContain('<member><AlarmName>a</AlarmName><Threshold>0</Threshold></member>');
  });
});
