import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsInt, IsNumber, IsOptional, IsString, ValidateNested } from 'class-validator';

/** How long something took, since the start of the process that answers; about, from a histogram. Milliseconds. */
export class LatencyDto {
  @IsString()
  name!: string;
  /** How often it was measured; with none there are no quantiles. */
  @IsInt()
  count!: number;
  @IsOptional()
  @IsNumber()
  p50!: number | null;
  @IsOptional()
  @IsNumber()
  p95!: number | null;
  @IsOptional()
  @IsNumber()
  p99!: number | null;
}

export class ProjectionLagDto {
  @IsString()
  name!: string;
  /** At most 1000 are counted. */
  @IsInt()
  events!: number;
  @IsNumber()
  seconds!: number;
  @IsBoolean()
  stopped!: boolean;
}

/** What the database tells of the whole installation; at most five seconds old. */
export class SharedServiceDto {
  @IsInt()
  runsWaiting!: number;
  @IsInt()
  runsAlive!: number;
  @IsNumber()
  longestWaitSeconds!: number;
  @IsInt()
  executors!: number;
  @IsInt()
  executorsPaused!: number;
  @IsInt()
  places!: number;
  @IsInt()
  connections!: number;
  @IsInt()
  mostConnections!: number;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ProjectionLagDto)
  lag!: ProjectionLagDto[];
}

/** `GET /api/system/service`: figures of the api process that answers, and of what all share. docs/METRICS.md. */
export class ServiceDto {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => LatencyDto)
  latencies!: LatencyDto[];
  @IsNumber()
  uptimeSeconds!: number;
  @IsNumber()
  cpuSeconds!: number;
  @IsInt()
  residentBytes!: number;
  @IsInt()
  heapBytes!: number;
  /** The 99th percentile of how long the event loop was held up, in the last whole 15 s. */
  @IsNumber()
  loopDelayMs!: number;
  @IsInt()
  poolConnections!: number;
  @IsInt()
  poolWaiting!: number;
  @IsInt()
  rooms!: number;
  @IsInt()
  sockets!: number;
  /** Where the data of the installation lies; null where this process does not know it. */
  @IsOptional()
  @IsInt()
  diskFreeBytes!: number | null;
  @IsOptional()
  @IsInt()
  diskBytes!: number | null;
  /** Null while the database or the event store does not answer. */
  @IsOptional()
  @ValidateNested()
  @Type(() => SharedServiceDto)
  shared!: SharedServiceDto | null;
}
