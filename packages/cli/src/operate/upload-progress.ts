import { basename } from 'node:path';
import { durationText, toTerminalText } from '../terminal-text.ts';
import type { Session } from './session.ts';

/** Between two pictures on a terminal, and between two lines elsewhere. */
const pictureMilliseconds = 120;
const lineMilliseconds = 5_000;

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes as people read them: 512 bytes, 1.5 GB. */
export const bytesText = (bytes: number): string => {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
};

/** Says on standard error how far an upload is: in one line that changes on a terminal, every 5 s elsewhere. */
export const createUploadProgress = ({ operator, output }: Session, file: string, bytes: number) => {
  const { clock } = operator;
  const { update } = output;
  const name = toTerminalText(basename(file), 60);
  const beganAt = clock.now();
  let last = beganAt;
  let sent = 0;

  const line = (now: number): string => {
    const perSecond = (sent / Math.max(1, now - beganAt)) * 1000;
    const left = sent === 0 ? '' : `  ${durationText((bytes - sent) / perSecond)} left`;
    const share = Math.floor((sent / Math.max(1, bytes)) * 100);
    return `${name}  ${share} %  ${bytesText(sent)} of ${bytesText(bytes)}  ${(perSecond / 1e6).toFixed(1)} MB/s${left}`;
  };

  const say = (isDue: boolean): void => {
    const now = clock.now();
    if (!isDue && now - last < (update === undefined ? lineMilliseconds : pictureMilliseconds)) return;
    last = now;
    if (update === undefined) output.note(line(now));
    else update(line(now));
  };

  if (update !== undefined) say(true);
  return {
    onSent(more: number): void {
      sent += more;
      say(false);
    },
    end: () => update?.(''),
  };
};
