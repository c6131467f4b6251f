import type { CourseFigures, DayFigures, Figures, StudentFigures } from '@palimpsest/projections';
import type { DayMetricsDto, FiguresDto, OwnMetricsDto, StudentMetricsDto } from '@palimpsest/protocol';

const seconds = (ms: number) => Math.round(ms / 1000);

export function figuresDto(figures: Figures): FiguresDto {
  const { runs, prompts, completed, failed, limited, cancelled, lost, errors } = figures;
  const { edits, typed, pasted, removed, limits, errorQuotient, repeatedErrorDensity } = figures;
  return {
    ...{ runs, prompts, completed, failed, limited, cancelled, lost, errors },
    ...{ edits, typed, pasted, removed, limits, errorQuotient, repeatedErrorDensity },
    filesMade: figures.files_made,
    fileOperations: figures.file_operations,
    handIns: figures.hand_ins,
    lateHandIns: figures.late_hand_ins,
    activeSeconds: seconds(figures.active_ms),
  };
}

export function dayDto({ activeMs, ...day }: DayFigures): DayMetricsDto {
  return { ...day, activeSeconds: seconds(activeMs) };
}

export function studentDto({ person, username, displayName, lastAt, figures }: StudentFigures): StudentMetricsDto {
  return { person, username, displayName, lastSeenAt: lastAt?.toISOString() ?? null, figures: figuresDto(figures) };
}

export function ownDto({ course, title, lastAt, figures }: CourseFigures): OwnMetricsDto {
  return { course, title, lastSeenAt: lastAt?.toISOString() ?? null, figures: figuresDto(figures) };
}
