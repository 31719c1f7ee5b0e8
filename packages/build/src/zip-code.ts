import { zipSync } from 'fflate';

/** The first moment a zip can name. It is written as the local time it is read as, so it is the same in every time zone. */
const firstMoment = (): Date => new Date(1980, 0, 1);
/** Attributes as Unix makes them: a regular file that everybody may read. Lambda refuses code that it may not. */
const unix = 3;
const mode = 0o100644;

/**
 * A zip that holds `index.mjs` alone. The same code makes the same bytes, whoever makes them, when and where: fflate deflates in
 * plain JavaScript, where zlib differs from one Node to another.
 */
export const zipCode = (code: Uint8Array): Uint8Array =>
  zipSync({ 'index.mjs': [code, { level: 9, mtime: firstMoment(), os: unix, attrs: (mode << 16) >>> 0 }] });
