import { PASTE_UNITS } from '@palimpsest/domain';
import type { SideFiles } from './side-files.js';

/** What a reader of the dataset has to know; the whole account is in docs/EXPORTS.md. */
export function datasetReadme({ mode, identified, version, from, until }: SideFiles): string {
  const span = `${from ? `from ${from.toISOString()}` : 'from the beginning'} ${until ? `to before ${until.toISOString()}` : 'to the time of the export'}`;
  return `# Dataset in ProgSnap2 v1.0 (${mode})

Written by Palimpsest ${version}, ${span}. CSV by RFC 4180, UTF-8. In Python read it without guessing:
\`pandas.read_csv(path, dtype=str, keep_default_na=False)\`.

* **Order** counts the rows of this dataset in the order of the event log. ServerTimestamp is the server's clock (UTC).
* **SubjectID** is ${identified ? 'a pseudonym; LinkTables/LinkSubject.csv says whose' : 'a pseudonym (keyed hash); nothing here says whose'}. Texts and outputs are
  as they were written: what people called themselves in them is in them.
* **File.Edit** rows are by whoever typed (SubjectID), at the time of typing. SourceLocation is an offset in code points, from 0, in the
  text that the rows before it have left; first DeleteText goes there, then InsertText comes. All rows of a file in their Order,
  applied to the empty text, give the text at every moment. Carriage returns are left out, NUL is U+FFFD.
* **EditType** Paste: inserted in one piece, ${PASTE_UNITS} characters or more of more than one word, or several lines; GenericEdit: made by
  the system for somebody (a copy of an assignment, an upload, a restored version, a file that a program wrote). Rows after the first
  of one edit name it as ParentEventID. An edit of a text like "None", which many readers take for nothing, is two rows.
* **EventInitiator**: InstructorDirectAction and UserDirectAction are the subject's own; ToolTimedEvent: nobody had edited for
  half a minute.
* **CodeStateID** is the state of all text files that was taken last: at runs and hand-ins exactly what was run or handed in, and at
  File.Save. Texts of more than 100,000 characters that are no .py file are not in it. Empty: no text yet.
* **Run.Program** stands at the time at which the run was asked for. ExecutionResult is that of the script; its console may have gone
  on as a prompt. ProgramOutput is what the terminal showed, at most 262,144 characters; ProgramErrorOutput holds the tracebacks.
  Runs that have not ended are left out.
* **Compile** stands for Python's own syntax check.
* **AssignmentID** is an item of LinkTables/LinkAssignment.csv, \`personal\` (a workspace of one's own) or \`shared\`.
${
  mode === 'strict'
    ? ''
    : `* **Extended**: X-SessionID; X-Origin (live; sync: typed offline, at times that are not known; server); X-Outcome and X-Exception of
  runs; events X-Limit.Reached with X-Limit; LinkTables/LinkExecution.csv says which file was run.
`
}`;
}
