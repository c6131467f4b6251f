/** Somebody who has the same file open. */
export interface PersonHere {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
  readonly isMe: boolean;
}
