import { describe, expect, it } from '@jest/globals';
import { asId, type RunEvent, type UserId } from '@palimpsest/domain';
import { AccountBuilder, MOST_ENTRIES, SHOWN_OUTPUT } from './run-account.js';

const [ADA, BEN] = ['6b9f9f0e-6f0f-4b5f-8f0e-3f3f3f3f3f3f', '7b9f9f0e-6f0f-4b5f-8f0e-3f3f3f3f3f3f'].map((id) =>
  asId<UserId>(id),
) as [UserId, UserId];

describe('the account of a run', () => {
  function built(...events: RunEvent[]): AccountBuilder {
    const builder = new AccountBuilder();
    for (const [n, event] of events.entries()) builder.take(event, `t${n}`);
    return builder;
  }
  const typed = (by: UserId, text: string): RunEvent => ({ type: 'InputProvided', data: { by, text } });
  const printed = (text: string): RunEvent => ({ type: 'OutputEmitted', data: { chunks: [[0, text]] } });

  it('has the input line by line, though a terminal sends keys, and echoes come between', () => {
    const { inputs } = built(typed(ADA, 'A'), printed('A'), typed(ADA, 'da\r'), typed(ADA, 'x'), typed(BEN, 'y\n'));
    expect(inputs).toEqual([
      { at: 't0', by: ADA, text: 'Ada\r' },
      { at: 't3', by: ADA, text: 'x' },
      { at: 't4', by: BEN, text: 'y\n' },
    ]);
  });

  it('has the beginning of the output and its whole length', () => {
    const most = built(printed('x'.repeat(SHOWN_OUTPUT)));
    expect([most.output.length, most.outputLength]).toEqual([SHOWN_OUTPUT, SHOWN_OUTPUT]);
    const more = built(printed('x'.repeat(SHOWN_OUTPUT - 1)), printed('yz'), printed('!'));
    expect([more.output.slice(-2), more.output.length, more.outputLength]).toEqual([
      'xy',
      SHOWN_OUTPUT,
      SHOWN_OUTPUT + 2,
    ]);
  });

  it('has so many entries of a kind and no more', () => {
    const lines = (count: number) => built(...Array.from({ length: count }, () => typed(ADA, 'x\r'))).inputs.length;
    expect([lines(MOST_ENTRIES), lines(MOST_ENTRIES + 1)]).toEqual([MOST_ENTRIES, MOST_ENTRIES]);
  });
});
