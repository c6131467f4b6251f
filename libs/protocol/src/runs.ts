import { IsIn, IsInt, IsISO8601, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';

/** Body of `POST /api/runs`. Wait for "saved" before asking: a run sees what the log has at that moment. */
export class RequestRunDto {
  @IsUUID()
  workspace!: string;

  @IsIn(['script', 'repl'])
  mode!: 'script' | 'repl';

  /** Path of the script in the workspace; not in mode `repl`. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  entry?: string;

  @IsOptional()
  @IsInt()
  @Min(20)
  @Max(500)
  columns?: number;

  @IsOptional()
  @IsInt()
  @Min(5)
  @Max(200)
  rows?: number;
}

export type RunStateName = 'queued' | 'running' | 'repl' | 'finished';

/** One run in a list. `GET /api/workspaces/:id/runs` gives the newest first. */
export class RunDto {
  @IsUUID()
  id!: string;
  @IsUUID()
  workspace!: string;
  @IsIn(['script', 'repl'])
  mode!: 'script' | 'repl';
  @IsOptional()
  @IsString()
  entry!: string | null;
  @IsUUID()
  by!: string;
  @IsString()
  byName!: string;
  @IsIn(['queued', 'running', 'repl', 'finished'])
  state!: RunStateName;
  /** Kind of the outcome: exited, signalled, timed-out, out-of-memory, output-limit, workspace-limit, cancelled, interrupted, refused, failed. */
  @IsOptional()
  @IsString()
  outcome!: string | null;
  @IsISO8601()
  requestedAt!: string;
  @IsOptional()
  @IsISO8601()
  finishedAt!: string | null;
}

/**
 * WebSocket `/runs/:runId`: the tail of a run's stream. On connecting, everything recorded so far, then live; JSON frames.
 * What is shown was recorded: input appears when the terminal has echoed it.
 */
export type RunServerMessage =
  | {
      readonly t: 'requested';
      readonly by: string;
      readonly byName: string;
      readonly mode: 'script' | 'repl';
      readonly entry: string | null;
      readonly columns: number;
      readonly rows: number;
      readonly at: number;
    }
  /** While the run waits: how many start before it, and the same for a person, after "waiting to start: ". */
  | { readonly t: 'place'; readonly before: number; readonly text: string }
  | { readonly t: 'started'; readonly sandbox: string; readonly at: number }
  | { readonly t: 'output'; readonly text: string }
  | { readonly t: 'resized'; readonly columns: number; readonly rows: number }
  | {
      readonly t: 'repl';
      readonly script:
        | { readonly kind: 'completed' }
        | { readonly kind: 'raised'; readonly exception: string }
        | { readonly kind: 'exit'; readonly code: number }
        | null;
    }
  /** An exception reached the student. Texts are those of the program: show them as text. */
  | {
      readonly t: 'error';
      readonly exception: string;
      readonly message: string;
      /** Path in the workspace, null for the console. */
      readonly path: string | null;
      readonly line: number | null;
      readonly explanation: { readonly id: string; readonly text: string } | null;
      readonly traceback: string;
    }
  /** A picture: `GET /api/runs/:id/figures/:sha256`. */
  | {
      readonly t: 'figure';
      readonly sha256: string;
      readonly mediaType: string;
      readonly bytes: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly t: 'cancelled'; readonly byName: string }
  /** What the program did to a file is in the workspace now. */
  | {
      readonly t: 'produced';
      readonly file: string;
      /** Its path in the workspace. */
      readonly path: string;
      readonly change: 'created' | 'changed' | 'deleted' | 'moved';
      /** For a person: "wrote data.csv (12 KB)". */
      readonly text: string;
    }
  /** Files of the program that are not in the workspace: a sentence each, with why; `more` are not listed. */
  | { readonly t: 'notKept'; readonly sentences: readonly string[]; readonly more: number }
  | {
      readonly t: 'finished';
      /** For a person: "The program ended", "Stopped", "30 s of processor time used up" and so on. */
      readonly text: string;
      readonly outcome: string;
      readonly at: number;
    }
  /** History has been sent; what follows is live. */
  | { readonly t: 'live' }
  /** What the client asked was refused. */
  | { readonly t: 'refused'; readonly code: string; readonly message: string };

export type RunClientMessage =
  | { readonly t: 'input'; readonly text: string }
  | { readonly t: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly t: 'cancel' };

/** Bytes of the largest frame that a run's socket takes; 16,384 characters of input, each up to six bytes as JSON. */
export const RUN_SOCKET_MAX_PAYLOAD = 128 * 1024;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The message in a text frame, or undefined if it is none that the server knows. */
export function parseRunClientMessage(frame: string): RunClientMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { t, text, columns, rows } = value;
  if (t === 'input' && typeof text === 'string') return { t, text };
  if (t === 'resize' && typeof columns === 'number' && typeof rows === 'number') return { t, columns, rows };
  return t === 'cancel' ? { t } : undefined;
}
