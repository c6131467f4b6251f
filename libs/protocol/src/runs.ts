import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { TimeRangeQueryDto } from './activity.js';

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

/** How a run can end. */
export const OUTCOME_NAMES = [
  ...(['exited', 'signalled', 'timed-out', 'out-of-memory', 'output-limit', 'workspace-limit'] as const),
  ...(['cancelled', 'interrupted', 'refused', 'failed'] as const),
] as const;
export type OutcomeName = (typeof OUTCOME_NAMES)[number];

/** Query of a history of runs. */
export class RunQueryDto extends TimeRangeQueryDto {
  @IsOptional()
  @IsIn(OUTCOME_NAMES)
  outcome?: OutcomeName;

  /** Name of an exception that reached the person, such as `NameError`. */
  @IsOptional()
  @Matches(/^\S{1,100}$/, { message: '$property must be the name of an exception, such as NameError' })
  exception?: string;

  /** Path of the script. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  entry?: string;

  /** `true`: only those with an error, and those that did not end by themselves. */
  @IsOptional()
  @IsIn(['true'])
  failed?: 'true';

  /** Id of the person who started it. */
  @IsOptional()
  @IsUUID()
  by?: string;
}

/** One run in a list. `GET /api/workspaces/:id/runs` and the like give the newest first. */
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
  startedAt!: string | null;
  @IsOptional()
  @IsISO8601()
  finishedAt!: string | null;
  @IsOptional()
  @IsString()
  workspaceName!: string | null;
  /** The file that was run. */
  @IsOptional()
  @IsUUID()
  entryFile!: string | null;
  /** The outcome in words: "ended with exit code 1". */
  @IsOptional()
  @IsString()
  ending!: string | null;
  /** Whether an exception reached the person, or it did not end by itself. */
  @IsBoolean()
  failed!: boolean;
  /** How many exceptions reached the person, and which kinds. */
  @IsInt()
  errors!: number;
  @IsArray()
  @IsString({ each: true })
  exceptions!: readonly string[];
  /** Milliseconds from its start to its end, and of processor time. */
  @IsOptional()
  @IsNumber()
  wallMs!: number | null;
  @IsOptional()
  @IsNumber()
  cpuMs!: number | null;
  /** Bytes of memory at most, and of output. */
  @IsOptional()
  @IsNumber()
  peakBytes!: number | null;
  @IsOptional()
  @IsNumber()
  outputBytes!: number | null;
}

/** A line, or a part of one, that a person sent to a program. */
export class RunInputDto {
  @IsISO8601()
  at!: string;
  @IsString()
  byName!: string;
  /** As the terminal sent it. */
  @IsString()
  text!: string;
}

/** An exception that reached the person. Texts are those of the program: show them as text. */
export class RunErrorDto {
  @IsISO8601()
  at!: string;
  @IsString()
  exception!: string;
  @IsString()
  message!: string;
  /** Path in the workspace; null for a line of the console. */
  @IsOptional()
  @IsString()
  path!: string | null;
  @IsOptional()
  @IsInt()
  line!: number | null;
  @IsOptional()
  @IsString()
  explanation!: string | null;
  @IsString()
  traceback!: string;
}

/** A picture: `GET /api/runs/:id/figures/:sha256`. */
export class RunFigureDto {
  @IsString()
  sha256!: string;
  @IsString()
  mediaType!: string;
  @IsInt()
  bytes!: number;
  @IsInt()
  width!: number;
  @IsInt()
  height!: number;
}

/** What the program did to a file of the workspace. */
export class RunProducedDto {
  @IsUUID()
  file!: string;
  /** In the workspace. */
  @IsString()
  path!: string;
  @IsIn(['created', 'changed', 'deleted', 'moved'])
  change!: 'created' | 'changed' | 'deleted' | 'moved';
  /** "wrote data.csv (12 KB)" */
  @IsString()
  text!: string;
}

/** `GET /api/runs/:id`: everything about one run but its code. */
export class RunDetailDto extends RunDto {
  /** The first part of what it printed, as the terminal got it. All of it: `GET /api/runs/:id/output`. */
  @IsString()
  output!: string;
  /** Characters of all of its output; more than `output` has where that is cut. */
  @IsInt()
  outputLength!: number;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RunInputDto)
  inputs!: RunInputDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RunErrorDto)
  raised!: RunErrorDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RunFigureDto)
  figures!: RunFigureDto[];
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RunProducedDto)
  produced!: RunProducedDto[];
  /** A sentence for each file that was not kept. */
  @IsArray()
  @IsString({ each: true })
  notKept!: string[];
}

/** A file as a run had it. */
export class RunCodeFileDto {
  @IsUUID()
  file!: string;
  /** At that time. */
  @IsString()
  path!: string;
  @IsIn(['text', 'binary'])
  kind!: 'text' | 'binary';
  /** Of the file's stream; null: nothing had been written into it. */
  @IsOptional()
  @IsString()
  revision!: string | null;
  /** SHA-256 of its bytes, text as UTF-8. */
  @IsString()
  sha256!: string;
  /** Bytes. */
  @IsInt()
  size!: number;
}

/** `GET /api/runs/:id/code`: what the run ran; it never changes. A file: `GET /api/runs/:id/code/:path`. */
export class RunCodeDto {
  @IsUUID()
  run!: string;
  @IsOptional()
  @IsString()
  entry!: string | null;
  /** By path. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => RunCodeFileDto)
  files!: RunCodeFileDto[];
  /** Folders that were made and may be empty. */
  @IsArray()
  @IsString({ each: true })
  folders!: readonly string[];
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
