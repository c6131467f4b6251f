import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES } from '@palimpsest/domain';
import { directoryProjector } from './directory-projector.js';

/** Types of events in streams that the directory does not read. */
const OF_OTHER_STREAMS =
  /^(Signed|SignIn|Session|FileEdited$|ContentStored$|Run|Output|Input|Terminal|Repl|Error|Figure|FilesCollected|FileProduced|FilesNotKept|Executor|Intake|Cleanup|HistoryViewed|MetricsViewed|LogQueried|Export|AccessRefused|LimitReached)/;

describe('the directory', () => {
  it('reads every type of event that its streams have: a new one is either named there or here', () => {
    const prefixes = directoryProjector.typePrefixes ?? [];
    const left = EVENT_TYPES.filter((type) => !prefixes.some((prefix) => type.startsWith(prefix)));
    expect(left.filter((type) => !OF_OTHER_STREAMS.test(type))).toEqual([]);
  });
});
