import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

/** What a command answers as `position`: opaque, but of these characters. */
export const POSITION = /^[\w./:-]{1,200}$/;
export const POSITION_MESSAGE = '$property must be a position that a command answered';

/** Entries of a page if nobody says how many. */
export const DEFAULT_PAGE = 50;

/** Query of what can wait for the read models. */
export class AfterQueryDto {
  /** Position to wait for, for some seconds at most. */
  @IsOptional()
  @Matches(POSITION, { message: POSITION_MESSAGE })
  after?: string;
}

/** Query of a list that grows. The answer's header `Link` has the next page, if there is one. */
export class PageQueryDto extends AfterQueryDto {
  /** Entries of a page. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;

  /** Where the page before ended, as its link says it. */
  @IsOptional()
  @Matches(/^[\w-]{1,200}$/, { message: 'cursor must be one that a page before gave' })
  cursor?: string;
}
