// Asks the service for a threshold's defects once the slider rests: lengths, widths, angles and ranges are its own.

const REST_MS = 250;

export class Replay {
  /** `answered` is given the record at a threshold, or null where there is no answer. */
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
    try {
      this.answered(await this.fetch(threshold, this.request.signal));
    } catch (error) {
      if (error.name !== "AbortError") this.answered(null);
    }
  }

  async fetch(threshold, signal) {
    const query = new URLSearchParams({ threshold });
    const { scale } = this.sheet;
    if (scale) for (const [name, value] of Object.entries(scale)) query.set(name, value);
    const response = await fetch(`${this.sheet.replay}?${query}`, { signal });
    if (!response.ok) throw new Error(`the service answered ${response.status}`);
    return response.json();
  }
}
