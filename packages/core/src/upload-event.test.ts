import { expect, it } from 'vitest';
import { serialiseUpload } from './upload-event.ts';

it('tells of an object version as S3 does', () => {
  const version = { bucket: 'inbox', key: 'in/a file+b 100%.csv', etag: 'etag-1', versionId: 'v1', bytes: 7 };
  expect(JSON.parse(serialiseUpload(version))).toEqual({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: {
          bucket: { name: 'inbox' },
          object: { key: 'in/a+file%2Bb+100%25.csv', size: 7, eTag: 'etag-1', versionId: 'v1' },
        },
      },
    ],
  });
});
