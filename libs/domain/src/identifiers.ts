declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type UserId = Branded<'UserId'>;
export type SessionId = Branded<'SessionId'>;
export type CourseId = Branded<'CourseId'>;
export type WorkspaceId = Branded<'WorkspaceId'>;
export type FileId = Branded<'FileId'>;
/** One deletion of a folder, with everything that went with it. */
export type DeletionId = Branded<'DeletionId'>;
export type RunId = Branded<'RunId'>;
export type ItemId = Branded<'ItemId'>;

/** The form of every id here: a UUID in lower case. */
export const ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` has the form of an id. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** Takes `text` as an id of the wanted kind. Throws RangeError if it has not the form of one. */
export function asId<Id extends Branded<string>>(text: string): Id {
  if (!isId(text)) throw new RangeError(`"${text.slice(0, 60)}" is not an id: a UUID in lower case was expected`);
  return text as Id;
}
