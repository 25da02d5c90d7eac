/** One row of CSV as cells, each with the column of the text where it begins. Pure text; knows nothing of metrics. */

export interface Cell {
  text: string;
  /** 1-based. */
  column: number;
}

/** Whether a quoted cell goes on in the next line: an odd number of quotes. */
export function isOpen(row: string): boolean {
  let open = false;
  for (let at = row.indexOf('"'); at >= 0; at = row.indexOf('"', at + 1)) open = !open;
  return open;
}

/** Of comma, semicolon and tab, the one that the first row has most of outside quotes. */
export function delimiterOf(row: string): string {
  const bare = row.replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => bare.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, next) => (count(next) > count(best) ? next : best));
}

export function cellsOf(row: string, delimiter: string): Cell[] {
  const cells: Cell[] = [];
  let at = 0;
  do {
    const cell = row[at] === '"' ? quoted(row, at, delimiter) : plain(row, at, delimiter);
    cells.push({ text: cell.text, column: at + 1 });
    at = cell.end + 1;
  } while (at <= row.length);
  return cells;
}

function plain(row: string, start: number, delimiter: string): { text: string; end: number } {
  const found = row.indexOf(delimiter, start);
  const end = found < 0 ? row.length : found;
  return { text: row.slice(start, end), end };
}

/** Two quotes within quotes stand for one. What follows the closing quote belongs to the cell. */
function quoted(row: string, start: number, delimiter: string): { text: string; end: number } {
  let close = start + 1;
  while (close < row.length && !(row[close] === '"' && row[close + 1] !== '"')) close += row[close] === '"' ? 2 : 1;
  const rest = plain(row, Math.min(close + 1, row.length), delimiter);
  return { text: row.slice(start + 1, close).replaceAll('""', '"') + rest.text, end: rest.end };
}
