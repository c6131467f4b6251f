/**
 * The vocabulary of ProgSnap2 v1.0, after CSSPLICE/ProgSnapToolkit, src/progsnap2/spec/versions/progsnap2-v1.0.yaml (commit
 * 0007195).
 */

/** Columns of the main table that belong to every event. */
const COMMON = [
  ...(['EventType', 'EventID', 'CodeStateID', 'SubjectID', 'ToolInstances', 'Order', 'ClientTimestamp'] as const),
  ...(['ServerTimestamp', 'CourseID', 'CourseSectionID', 'TermID', 'AssignmentID', 'AssignmentIsGraded'] as const),
  ...(['ProblemID', 'ProblemIsGraded', 'Attempt', 'ExperimentalCondition', 'TeamID', 'LoggingErrorID'] as const),
  'IsFabricatedEvent',
] as const;

/** Columns that only some events may have. */
const SPECIFIC = [
  ...(['ParentEventID', 'SessionID', 'ProjectID', 'ResourceID', 'CodeStateSection', 'CopiedText'] as const),
  ...(['DestinationCodeStateSection', 'EventInitiator', 'EditType', 'CompileResult', 'CompileMessageType'] as const),
  ...(['CompileMessageData', 'SourceLocation', 'ExecutionID', 'TestID', 'ExecutionResult', 'Score'] as const),
  ...(['ExtraCreditScore', 'ProgramInput', 'ProgramOutput', 'ProgramErrorOutput', 'InterventionCategory'] as const),
  ...(['InterventionType', 'InterventionMessage', 'InsertText', 'DeleteText', 'DeleteLength'] as const),
] as const;

/** The 47 columns of the main table, in their order. */
export const COLUMNS = [...COMMON, ...SPECIFIC] as const;

/** Ours, in the extended form only. */
export const EXTENDED_COLUMNS = ['X-SessionID', 'X-Origin', 'X-Outcome', 'X-Exception', 'X-Limit'] as const;

export type Column = (typeof COLUMNS)[number] | (typeof EXTENDED_COLUMNS)[number];

/** What a row says beside what every row of its workspace says. */
export type Cells = { readonly [Name in Exclude<Column, 'EventType' | 'Order'>]?: string | number };

/** The events that are written; the standard has more, for which nothing is recorded here. */
export type EventType =
  | 'Session.Start'
  | 'Session.End'
  | 'Project.Open'
  | 'File.Create'
  | 'File.Delete'
  | 'File.Open'
  | 'File.Close'
  | 'File.Save'
  | 'File.Rename'
  | 'File.Copy'
  | 'File.Edit'
  | 'Compile'
  | 'Compile.Error'
  | 'Submit'
  | 'Run.Program'
  | 'Intervention'
  | 'X-Limit.Reached';

export interface Row {
  readonly type: EventType;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cells: Cells;
}

export type Mode = 'strict' | 'extended';

export function columnsOf(mode: Mode): readonly Column[] {
  return mode === 'strict' ? COLUMNS : [...COLUMNS, ...EXTENDED_COLUMNS];
}
