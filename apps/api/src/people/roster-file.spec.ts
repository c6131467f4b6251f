import { describe, expect, it } from '@jest/globals';
import { guessColumns } from './roster-columns.js';
import { MOST_COLUMNS, MOST_ROWS, readRoster, rosterText } from './roster-file.js';

const read = (text: string, options = {}) => readRoster(text, options);
const first = (text: string, options = {}) => read(text, options).lines[0];

describe('columns by their names', () => {
  it.each([
    ['Username,Full Name,Email', { username: 'Username', name: 'Full Name', email: 'Email' }],
    ['Benutzername;Vorname;Nachname;E-Mail-Adresse;Rolle', { username: 'Benutzername', firstName: 'Vorname' }],
    ['Identifiant;Prénom;Nom;Courriel', { username: 'Identifiant', firstName: 'Prénom', lastName: 'Nom' }],
    ['Nombre de usuario;Nombre;Apellidos;Correo electrónico', { firstName: 'Nombre', lastName: 'Apellidos' }],
    ['nome utente;Nome;Cognome', { username: 'nome utente', firstName: 'Nome', lastName: 'Cognome' }],
    ['Gebruikersnaam;Voornaam;Achternaam', { firstName: 'Voornaam', lastName: 'Achternaam' }],
    ['Nazwa użytkownika;Imię;Nazwisko', { username: 'Nazwa użytkownika', firstName: 'Imię', lastName: 'Nazwisko' }],
    ['ID,SIS Login ID,Student', { username: 'SIS Login ID', name: 'Student' }],
    ['USER_NAME\tDISPLAY NAME', { username: 'USER_NAME', name: 'DISPLAY NAME' }],
  ])('%s', (line, expected) => {
    expect(read(`${line}\n`).columns).toMatchObject(expected);
  });

  it('takes no column twice, and leaves out what it does not know', () => {
    expect(guessColumns(['student', 'shoe size'])).toMatchObject({ username: null, name: 'student', email: null });
  });

  it('lets the caller say, or leave a field out', () => {
    const text = 'Who,Called,Mail\nada,Ada,a@b\n';
    const columns = { username: 'Who', name: 'Called', email: null };
    expect(first(text, { columns })).toMatchObject({ username: 'ada', displayName: 'Ada', email: undefined });
    expect(() => read(text, { columns: { username: 'Wer' } })).toThrow('no column "Wer". It has: Who, Called, Mail');
    expect(() => read(text, { columns: { shoe: 'Who' } })).toThrow('no field "shoe"');
    expect(() => read('a,b\n1,2\n')).toThrow('No column of user names was found');
  });

  it('takes the address before the @ where there are no user names', () => {
    expect(first('Name,E-mail\nAda,Ada.L@School.example\n')).toMatchObject({
      username: 'ada.l',
      email: 'ada.l@school.example',
    });
  });
});

describe('a file', () => {
  it.each([
    [',', 'username,name\nada,Ada\n'],
    [';', 'username;name\nada;Ada\n'],
    ['\t', 'username\tname\nada\tAda\n'],
    [',', '\ufeffusername,name\r\nada,Ada\r\n'],
    [',', '"username","name; of, course"\nada,Ada\n'],
    [';', '\n\nusername;"name, a, b"\nada;Ada'],
  ])('with the delimiter %j: %j', (delimiter, text) => {
    const file = read(text);
    expect(file.delimiter).toBe(delimiter);
    expect(file.lines).toHaveLength(1);
    expect(file.lines[0]?.username).toBe('ada');
  });

  it('keeps quotes, commas and line breaks within quotes, and counts lines as an editor does', () => {
    const { lines } = read('username,name\nada,"Lovelace, ""Ada""\nCountess"\n\nben,Ben\n , \nchloe,Chloé 👩\n');
    expect(lines.map(({ line, username, displayName }) => [line, username, displayName])).toEqual([
      [2, 'ada', 'Lovelace, "Ada" Countess'],
      [5, 'ben', 'Ben'],
      [7, 'chloe', 'Chloé 👩'],
    ]);
  });

  it('says per row what is wrong with it', () => {
    const { lines } = read(
      'username,name,email,role\n,Nobody,,\nada,Ada,nowhere,\nben,B,en,,x\nchloe,C,,king\nd,,,TA\n',
    );
    expect(lines.map(({ line, problem }) => [line, problem])).toEqual([
      [2, 'There is no user name.'],
      [3, '"nowhere" is not an e-mail address.'],
      [4, expect.stringContaining('5 cells, and there are 4 columns')],
      [5, expect.stringContaining('"king" is no role here')],
      [6, undefined],
    ]);
    expect(lines[4]).toMatchObject({ role: 'assistant', displayName: undefined });
  });

  it.each([
    ['Studierende', 'student'],
    ['étudiant', 'student'],
    ['Tutor', 'assistant'],
    ['Dozentin', 'professor'],
    ['AUDITOR', 'auditor'],
  ])('reads the role %s as %s', (word, role) => {
    expect(first(`username,role\nada,${word}\n`)?.role).toBe(role);
  });

  it('puts first and last name together, and gives columns of one name two', () => {
    expect(first('login,first name,last name\nada,Ada,Lovelace\n')?.displayName).toBe('Ada Lovelace');
    expect(read('login,Name,Name,\nada,Ada,Other,\n').headers).toEqual(['login', 'Name', 'Name (2)', 'column 4']);
  });

  it.each([
    ['is empty', '', 'The file is empty'],
    ['has an open quote', 'username,name\nada,"Ada\n', 'The file is not CSV'],
    ['has a quote within a cell', 'username,name\nada,A"d"a\n', 'The file is not CSV'],
    [
      'has too many columns',
      `${Array(MOST_COLUMNS + 1)
        .fill('x')
        .join()}\n`,
      'at most 200',
    ],
    ['has too many rows', `username\n${'ada\n'.repeat(MOST_ROWS + 1)}`, 'at most 5000'],
    ['is too long', `username\n${'x'.repeat(2_000_000)}`, 'The file is too long'],
  ])('that %s is refused in one sentence', (_, text, sentence) => {
    expect(() => read(text)).toThrow(sentence);
  });

  it('takes as many rows and columns as it says', () => {
    const head = ['username', ...Array<string>(MOST_COLUMNS - 1).fill('x')].join();
    expect(read(`${head}\nada\n`).headers).toHaveLength(MOST_COLUMNS);
    expect(read(`username\n${'ada\n'.repeat(MOST_ROWS)}`).lines).toHaveLength(MOST_ROWS);
  });

  it('is UTF-8, with or without a byte order mark', () => {
    expect(rosterText(Buffer.from('\ufeffÜ'))).toBe('Ü');
    expect(() => rosterText(Buffer.from('Ü', 'latin1'))).toThrow('not UTF-8');
    expect(() => rosterText(Buffer.from('\ufeffabc', 'utf16le'))).toThrow('not UTF-8');
  });
});
