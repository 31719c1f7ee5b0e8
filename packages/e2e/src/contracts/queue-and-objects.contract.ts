import { setUpDeadLetters, setUpObjectStore, setUpQueue } from '@sluice/core/aws/contract-set-up';
import { deadLettersContract } from '@sluice/core/ports/dead-letters.contract';
import { objectStoreContract } from '@sluice/core/ports/object-store.contract';
import { queueContract } from '@sluice/core/ports/queue.contract';
import { contractEndpoint } from './endpoint.ts';

const options = {
  endpoint: contractEndpoint(),
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

queueContract('a queue', () => setUpQueue(options));
deadLettersContract('a dead-letter queue', () => setUpDeadLetters(options));
objectStoreContract('a bucket', () => setUpObjectStore(options));
