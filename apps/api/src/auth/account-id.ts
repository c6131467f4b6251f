import { asId, type UserId } from '@palimpsest/domain';
import { derivedId } from '../platform/derived-id.js';

/**
 * The id of the account with this user name. Derived, so that two registrations of one name at the same time meet in the
 * same stream and one of them is refused; no read model is asked whether a name is free.
 */
export function accountId(username: string): UserId {
  return asId<UserId>(derivedId(username));
}
