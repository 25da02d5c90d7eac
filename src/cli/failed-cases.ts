/** Which cases failed and what was answered: the first thing anyone asks after "5 of 12 cases passed". */

import type { WireRelease } from '../server/contract.ts';
import type { TestReport } from '../suite/report.ts';
import type { Client } from './client.ts';
import type { Terminal } from './terminal.ts';

const MOST = 5;
const LONGEST_ANSWER = 100;

export async function failedCases(client: Client, release: WireRelease, { paint }: Terminal): Promise<string[]> {
  if (!release.test || (release.test.passed && release.test.complete)) return [];
  const { tests } = await client.get<{ tests: { document: { reports?: TestReport[] } }[] }>(
    `/api/v1/releases/${release.id}/tests`,
  );
  const reports = tests
    .flatMap(({ document }) => document.reports ?? [])
    .filter(({ version }) => version === release.version);
  const failed = reports.flatMap(({ suite, cases }) =>
    cases.filter(({ pass }) => !pass).map(result => ({ suite, ...result })),
  );
  const lines = failed.slice(0, MOST).flatMap(({ suite, id, error, graders, output }) => [
    `  ${paint.red('✗')} ${suite} › ${id}`,
    `      ${
      error ??
      graders
        .filter(({ pass }) => !pass)
        .map(({ type, reason }) => `${type}: ${reason}`)
        .join('; ')
    }`,
    ...(error === undefined ? [paint.dim(`      answer: ${shown(output)}`)] : []),
  ]);
  return failed.length > MOST ? [...lines, `  and ${failed.length - MOST} more`] : lines;
}

/** One line, with nothing in it that a terminal would act on. */
function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const plain = text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
  return plain.length > LONGEST_ANSWER ? `${plain.slice(0, LONGEST_ANSWER)}…` : plain;
}
