import { ROSTER_FIELDS, type RosterField } from '@palimpsest/protocol';

/**
 * Names of columns as schools' programs write them, in English, German, French, Spanish, Italian, Portuguese, Dutch and
 * Polish; compared without case, accents and signs. The earlier of a list wins, so that "login" is taken before "id".
 */
const KNOWN: Readonly<Record<RosterField, readonly string[]>> = {
  username: [
    ...['username', 'user', 'login', 'loginname', 'account', 'userid', 'loginid', 'sisloginid', 'uid', 'netid'],
    ...['benutzername', 'benutzer', 'anmeldename', 'nutzername', 'kennung', 'benutzerkennung', 'unikennung'],
    ...['identifiant', 'nomdutilisateur', 'utilisateur', 'usuario', 'nombredeusuario', 'nomeutente', 'utente'],
    ...['utilizador', 'nomedeusuario', 'nomedeutilizador', 'gebruikersnaam', 'gebruiker', 'uzytkownik'],
    ...['nazwauzytkownika', 'studentid', 'studentnumber', 'matrikelnummer', 'id'],
  ],
  name: [
    ...['name', 'fullname', 'displayname', 'studentname', 'student', 'anzeigename', 'vollername', 'nomcomplet'],
    ...['nometprenom', 'nombrecompleto', 'nombreyapellidos', 'nomecompleto', 'nominativo', 'volledigenaam'],
    ...['imieinazwisko'],
  ],
  firstName: [
    ...['firstname', 'givenname', 'forename', 'first', 'vorname', 'rufname', 'prenom', 'nombre', 'nombres', 'nome'],
    ...['primeironome', 'voornaam', 'imie'],
  ],
  lastName: [
    ...['lastname', 'surname', 'familyname', 'last', 'nachname', 'familienname', 'nomdefamille', 'nom', 'apellidos'],
    ...['apellido', 'cognome', 'sobrenome', 'apelido', 'achternaam', 'nazwisko'],
  ],
  email: [
    ...['email', 'emailaddress', 'mail', 'emailadresse', 'mailadresse', 'courriel', 'adressemail', 'adresseemail'],
    ...['correo', 'correoelectronico', 'indirizzoemail', 'emailadres', 'adresemail', 'institutionalemail'],
  ],
  role: ['role', 'courserole', 'rolle', 'funktion', 'status', 'fonction', 'rol', 'ruolo', 'funcao', 'papel', 'rola'],
};

/** A column's name without what differs between two ways of writing it. */
function plain(header: string): string {
  const letters = header.normalize('NFKD').toLowerCase().replaceAll('ß', 'ss').replaceAll('ł', 'l');
  return letters.replace(/[^a-z0-9]/g, '');
}

/** What each field is likely read from, by the names of the columns; null where none fits. No column is taken twice. */
export function guessColumns(headers: readonly string[]): Record<RosterField, string | null> {
  const taken = new Set<string>();
  const columns = {} as Record<RosterField, string | null>;
  for (const field of ROSTER_FIELDS) {
    const known = KNOWN[field];
    const fitting = headers
      .filter((header) => !taken.has(header) && known.includes(plain(header)))
      .sort((a, b) => known.indexOf(plain(a)) - known.indexOf(plain(b)));
    columns[field] = fitting[0] ?? null;
    if (fitting[0] !== undefined) taken.add(fitting[0]);
  }
  return columns;
}
