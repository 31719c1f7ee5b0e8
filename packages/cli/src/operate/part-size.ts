/** S3: parts of one upload. Source: S3, "Multipart upload limits". */
export const partsMax = 10_000;
/** S3: bytes of one object. The same source. */
export const objectBytesMax = 5 * 1024 ** 4;

/** Fewer requests than with the 5 MiB that S3 takes at least, and a part that failed costs little to send again. */
const partBytesMin = 8 * 1024 * 1024;
const mebibyte = 1024 * 1024;

/** Bytes of the parts that are in memory at once, with the next one. */
const inMemoryBytesMax = 256 * mebibyte;
const partsInFlightMax = 4;

/** Bytes of a part, whole MiB, so that the file has no more parts than S3 allows. */
export const partBytesOf = (fileBytes: number): number =>
  Math.max(partBytesMin, Math.ceil(fileBytes / partsMax / mebibyte) * mebibyte);

/** Parts under way at once, while the next one is read: fewer of larger ones. */
export const partsInFlightOf = (partBytes: number): number =>
  Math.max(1, Math.min(partsInFlightMax, Math.floor(inMemoryBytesMax / partBytes) - 1));
