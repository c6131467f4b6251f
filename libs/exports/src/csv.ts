/** One record of a CSV file by RFC 4180, with its line end: what holds a comma, a quote or a line end is quoted. */
export function csvRecord(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map((cell) => csvCell(cell === undefined ? '' : String(cell))).join(',')}\r\n`;
}

function csvCell(text: string): string {
  // Spaces at the ends as well: some readers cut them off otherwise.
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
