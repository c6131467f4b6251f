import { SetMetadata } from '@nestjs/common';
import type { Action } from './permission-table.js';

export const ACCESS = 'palimpsest:access';

/** Which action of the table a route is. It says where to look, and is checked by a test to be there; the handler asks. */
export const Access = (action: Action) => SetMetadata(ACCESS, action);
