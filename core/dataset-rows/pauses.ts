/** After so many rows the work lets others have a turn: a worker must heartbeat, and hear that it was cancelled. */
export const rowsBetweenPauses = 200;
