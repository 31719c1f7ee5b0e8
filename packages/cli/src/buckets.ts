/** The bucket of the user's file: the folder it lies in. */
export const inboxBucket = 'inbox';
/** The bucket of staged copies and reject objects. */
export const workBucket = 'work';
