/** Answers with the prompt itself: for trying out templates and graders without an endpoint and without cost. */
import type { Provider } from '../call.ts';

export function makeEcho(): Provider {
  return {
    call: async prompt => ({
      output: prompt.messages
        .map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)))
        .join('\n'),
    }),
    close: async () => {},
  };
}
