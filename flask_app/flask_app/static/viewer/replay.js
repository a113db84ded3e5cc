// Asks the service for a threshold's defects once the slider rests: lengths, widths, angles and ranges are its own.

const REST_MS = 250;
// a service that hangs is told of long before nginx gives up on it
const PATIENCE_MS = 10_000;
const AWAY = "The inspection service does not answer; moving the slider asks again.";
const REPLACED = "This sheet was judged anew meanwhile: load the page again.";
// of other statuses the service's own sentence tells
const WHY = { 404: "This sheet or one of its files was deleted meanwhile.", 502: AWAY, 503: AWAY, 504: AWAY };

export class Replay {
  /** `answered` is given {defects} as they are at a threshold, or {why}: a sentence on why they are not known. */
  constructor(sheet, answered) {
    this.sheet = sheet;
    this.answered = answered;
  }

  /** Ask about `threshold` soon, in place of whatever was asked before. */
  ask(threshold) {
    this.cancel();
    this.timer = setTimeout(() => this.send(threshold), REST_MS);
  }

  cancel() {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  async send(threshold) {
    this.request = new AbortController();
    const { signal } = this.request;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const answer = await this.fetch(threshold, patience).catch(() => ({ why: AWAY }));
    if (!signal.aborted) this.answered(answer);
  }

  async fetch(threshold, signal) {
    const query = new URLSearchParams({ threshold });
    const { scale, version } = this.sheet;
    if (scale) for (const [name, value] of Object.entries(scale)) query.set(name, value);
    const response = await fetch(`${this.sheet.replay}?${query}`, { signal });
    const { created_at, defects, detail } = await response.json();
    if (!response.ok) return { why: WHY[response.status] ?? detail };
    return Date.parse(created_at) === version ? { defects } : { why: REPLACED };
  }
}
