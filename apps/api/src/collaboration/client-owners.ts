/**
 * Who owns which client id of Yjs in one document: the person who first wrote under it. An id is kept for as long as the
 * file is, so what one person brings is counted.
 */
export class ClientOwners {
  readonly #people = new Map<number, string>();
  readonly #counts = new Map<string, number>();
  /** Each person's id once: thousands of client ids must not each keep a string of their own. */
  readonly #names = new Map<string, string>();
  readonly #below: ClientOwners | undefined;

  /** `below`: what is claimed here comes on top of that, and leaves it as it is. */
  constructor(below?: ClientOwners) {
    this.#below = below;
  }

  static from(owners: ReadonlyMap<number, string>): ClientOwners {
    const made = new ClientOwners();
    for (const [client, person] of owners) made.claim(client, person);
    return made;
  }

  /** By client id; without those below. */
  get all(): ReadonlyMap<number, string> {
    return this.#people;
  }

  /** Undefined for an id that nobody has written under. */
  ownerOf(client: number): string | undefined {
    return this.#people.get(client) ?? this.#below?.ownerOf(client);
  }

  /** Gives the id to this person, unless it has an owner. */
  claim(client: number, person: string): void {
    if (this.ownerOf(client) !== undefined) return;
    const name = this.#names.get(person) ?? person;
    this.#names.set(name, name);
    this.#people.set(client, name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Client ids that this person owns. */
  countOf(person: string): number {
    return (this.#counts.get(person) ?? 0) + (this.#below?.countOf(person) ?? 0);
  }
}
