import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { isStackName, type ReadFunction, readNamedStack } from './named-stack.ts';
import { parseOutputs, type Stack } from './stack.ts';

/** What `infra/with-terraform -chdir=<folder> output -json` came to. */
export type RunTerraform = (
  folder: string,
) => Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }>;

export type StackSeams = {
  /** SLUICE_STACK and TF_DATA_DIR are read from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Terraform of this repository. */
  readonly infraFolder: string;
  readonly runTerraform: RunTerraform;
  readonly readFunction: ReadFunction;
};

/** Outputs are some kilobytes; what is larger is another file, perhaps the one that was to be uploaded. */
const outputsBytesMax = 1024 * 1024;

/** Of a shell that finds no such command. infra/with-terraform ends with it, too. */
const notFoundStatus = 127;

const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'folder' : 'file';
};

/** The first line with words in it: Terraform draws frames around its errors. */
const firstLine = (text: string): string =>
  toTerminalText(
    text
      .split('\n')
      .map((line) => line.replace(/^[\s│╷╵]+/, '').trim())
      .find((line) => /^error/i.test(line) || /expected/.test(line)) ?? 'no reason given',
  );

const readFolder = async (folder: string, { runTerraform }: StackSeams): Promise<Stack> => {
  const shown = toTerminalText(folder);
  const { status, stdout, stderr } = await runTerraform(folder);
  if (status === notFoundStatus) {
    throw new UsageError(
      `--stack: expected terraform on PATH to read the outputs of ${shown}, found none; name the deployment instead, such as --stack sluice-prod`,
    );
  }
  if (status !== 0) {
    throw new UsageError(
      `--stack: expected the outputs of ${shown}, found that Terraform has none to give (${firstLine(stderr)}); run infra/with-terraform -chdir=${shown} init, or name the deployment, such as --stack sluice-prod`,
    );
  }
  return parseOutputs(stdout, shown);
};

const readFileOf = async (path: string): Promise<Stack> => {
  const shown = toTerminalText(path);
  const found = await stat(path);
  if (!found.isFile() || found.size > outputsBytesMax) {
    throw new UsageError(`--stack: expected a file with the JSON of terraform output -json, found another: ${shown}`);
  }
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError(`--stack: expected a file that can be read, found one that cannot: ${shown}`);
  });
  return parseOutputs(text.replace(/^\uFEFF/, ''), shown);
};

/**
 * The deployment that `text` names: an existing file (the JSON of `terraform output -json`), an existing folder (its Terraform
 * is asked), else a name, which the functions of the deployment answer for. Without `text`, what SLUICE_STACK says, else the Terraform of this
 * repository where it was initialised. Throws UsageError when there is none, or one that cannot be read.
 */
export const findStack = async (text: string | undefined, seams: StackSeams): Promise<Stack> => {
  const { environment, infraFolder, readFunction } = seams;
  const given = text ?? (environment['SLUICE_STACK'] || undefined);
  if (given === undefined) {
    const data = environment['TF_DATA_DIR'] || '.terraform';
    if ((await kindOf(join(infraFolder, data))) === 'folder') return readFolder(infraFolder, seams);
    throw new UsageError(
      'expected a deployment, found none: no --stack, no SLUICE_STACK, and infra was not initialised; type --stack sluice-prod (its name), a file with the JSON of terraform output -json, or the folder of its Terraform',
    );
  }
  const kind = given === '' ? undefined : await kindOf(given);
  if (kind === 'folder') return readFolder(given, seams);
  if (kind === 'file') return readFileOf(given);
  if (isStackName(given)) return readNamedStack(given, readFunction);
  throw new UsageError(
    `--stack: expected the name of a deployment such as sluice-prod, a file or a folder, found ${toTerminalText(JSON.stringify(given), 100)}`,
  );
};
