import { join, relative } from 'node:path';
import { createS3Client } from '@sluice/core/aws/clients';
import { toArtifacts, writeArtifacts } from './artifacts.ts';
import { endWith } from './end-with.ts';
import { reportBuild } from './report-build.ts';
import { dist, root } from './root.ts';
import { findArtifactsBucket } from './terraform.ts';
import { uploadBundles } from './upload-bundles.ts';
import { toUploadError } from './upload-error.ts';

// `make build-and-upload`. PROCESSOR and ARTIFACTS_BUCKET as in README.md; everything of AWS's as the SDK and Terraform read it.

const say = (text: string): void => void process.stdout.write(text);

await endWith('build-and-upload', async () => {
  const { PROCESSOR, ARTIFACTS_BUCKET, AWS_ENDPOINT_URL } = process.env;
  const manifest = await reportBuild(PROCESSOR, say);
  const bucket = ARTIFACTS_BUCKET || (await findArtifactsBucket(root, process.env, say));
  const endpoint = AWS_ENDPOINT_URL || undefined;
  say(`to the bucket ${bucket}\n`);
  const client = createS3Client(endpoint === undefined ? {} : { endpoint });
  try {
    await uploadBundles(client, bucket, dist, manifest, (_, key, isNew) =>
      say(`  ${isNew ? 'uploaded' : 'is there'}  ${key}\n`),
    );
  } catch (thrown) {
    throw toUploadError(thrown, bucket, endpoint);
  } finally {
    client.destroy();
  }
  const file = join(root, 'infra', 'artifacts.auto.tfvars.json');
  writeArtifacts(file, toArtifacts(bucket, manifest));
  say(`${relative(root, file)} tells terraform\n`);
});
