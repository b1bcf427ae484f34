/** One line on a terminal that says what is being waited for, once it takes more than a second. */
import type { Timer } from '../lib/clock.ts';
import type { Session } from './session.ts';

const PATIENCE_MILLISECONDS = 1000;
const FRAME_MILLISECONDS = 250;
const FRAMES = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'];
const CLEAR_LINE = '\r\u001B[K';

export interface Progress {
  /** Replaces what was said before. */
  say(what: string): void;
  /** Takes the line away. */
  end(): void;
}

/** Says nothing where standard error is no terminal. */
export function progressOf({ world }: Session): Progress {
  const { stderr, clock } = world;
  if (stderr.isTTY !== true) return { say: () => undefined, end: () => undefined };
  const began = clock.now();
  let text = '';
  let frame = 0;
  let isDrawn = false;
  let timer: Timer;
  const draw = (): void => {
    const seconds = Math.round((clock.now() - began) / 1000);
    const line = `${FRAMES[frame++ % FRAMES.length]} ${text} (${seconds}s)`;
    stderr.write(CLEAR_LINE + line.slice(0, (stderr.columns ?? 80) - 1));
    isDrawn = true;
    timer = clock.after(FRAME_MILLISECONDS, draw);
  };
  timer = clock.after(PATIENCE_MILLISECONDS, draw);
  return {
    say: (what) => void (text = what),
    end() {
      timer.cancel();
      if (isDrawn) stderr.write(CLEAR_LINE);
    },
  };
}
