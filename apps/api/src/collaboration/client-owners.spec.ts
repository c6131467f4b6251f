import { describe, expect, it } from '@jest/globals';
import { ClientOwners } from './client-owners.js';

describe('the owners of client ids', () => {
  it('are who wrote first, and are counted by person', () => {
    const owners = ClientOwners.from(
      new Map([
        [1, 'ada'],
        [2, 'ben'],
        [3, 'ada'],
      ]),
    );
    owners.claim(2, 'ada');
    owners.claim(4, 'ada');
    owners.claim(4, 'ada');
    expect([1, 2, 3, 4, 5].map((client) => owners.ownerOf(client))).toEqual(['ada', 'ben', 'ada', 'ada', undefined]);
    expect(['ada', 'ben', 'chloe'].map((person) => owners.countOf(person))).toEqual([3, 1, 0]);
  });

  it('on top of others take what is free there, count both, and leave those below as they are', () => {
    const below = ClientOwners.from(new Map([[1, 'ada']]));
    const above = new ClientOwners(below);
    for (const client of [1, 2]) above.claim(client, 'ben');
    above.claim(3, 'ada');
    expect([1, 2, 3].map((client) => above.ownerOf(client))).toEqual(['ada', 'ben', 'ada']);
    expect([above.countOf('ada'), above.countOf('ben')]).toEqual([2, 1]);
    expect([below.countOf('ada'), below.countOf('ben'), below.ownerOf(2)]).toEqual([1, 0, undefined]);
  });
});
