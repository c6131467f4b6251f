/** Why this version of Node cannot run the program, in one sentence; undefined if it can. */
export function nodeProblem(version?: string): string | undefined;
