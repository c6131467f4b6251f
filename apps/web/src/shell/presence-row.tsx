import { Avatar } from '@mantine/core';
import type { PersonHere } from '../people-here.js';
import { initialsOf } from '../person-colour.js';

/** Avatars that fit; the rest is a number. */
const SHOWN = 5;

/** Who has the same file open. The names are text for screen readers and in the title for those who point. */
export function PresenceRow({ people }: { readonly people: readonly PersonHere[] }) {
  if (people.length === 0) return null;
  const hidden = people.length - SHOWN;
  return (
    <ul className="presence-row" aria-label="People in this file" data-testid="presence">
      {people.slice(0, SHOWN).map((person) => (
        <li key={person.id}>
          <Avatar
            size={28}
            radius="xl"
            title={person.name}
            data-testid="presence-person"
            styles={{ placeholder: { background: person.colour, color: '#fff', fontSize: 11 } }}
          >
            <span aria-hidden>{initialsOf(person.name)}</span>
            <span className="visually-hidden">{person.isMe ? `${person.name} (you)` : person.name}</span>
          </Avatar>
        </li>
      ))}
      {hidden > 0 && <li className="presence-more">+{hidden} more</li>}
    </ul>
  );
}
