// Sends pictures with Uppy, a few at a time; waits as long as a busy service asks for, then tries again.

import { DropTarget, Uppy, XHRUpload } from "../vendor/uppy.js";

const AT_ONCE = 3;
const RETRIES = 5;
const DEFAULT_WAIT_S = 5;
const LONGEST_WAIT_S = 60;
// the network is gone or the service is starting, busy or away: nothing was judged
const PASSING = [0, 429, 502, 503, 504];
const SILENT = { debug() {}, warn() {}, error() {} };
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

function waitOf(request) {
  const asked = Number(request.getResponseHeader("Retry-After"));
  return Math.min(asked > 0 ? asked : DEFAULT_WAIT_S, LONGEST_WAIT_S);
}

// `onBusy` is told of each file that waits: its id, and for how many seconds
export function makeSender(endpoint, target, onBusy) {
  const fileOf = new WeakMap();
  const uppy = new Uppy({ autoProceed: false, logger: SILENT });
  uppy.use(DropTarget, { target });
  uppy.use(XHRUpload, {
    endpoint,
    fieldName: "file",
    allowedMetaFields: [],
    headers: { Accept: "application/json" },
    limit: AT_ONCE,
    // a sheet takes as long as it takes; the service itself gives up at some time
    timeout: 0,
    retries: RETRIES,
    shouldRetry: ({ status }) => PASSING.includes(status),
    onBeforeRequest: (request, _count, [file]) => {
      fileOf.set(request, file.id);
    },
    onAfterResponse: async (request, count) => {
      if (!PASSING.includes(request.status) || count >= RETRIES) return;
      const seconds = waitOf(request);
      onBusy(fileOf.get(request), seconds);
      await sleep(seconds);
    },
  });
  return uppy;
}

// a sentence for a person about a request that failed for good
export function sayFailure(request, maxMb) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    // nginx refuses some requests before the site sees them, with a page instead of a document
    if (request?.status === 413) return `At most ${maxMb} MB can be sent.`;
    if (request?.status === 429) return "Too many requests at once.";
    return request?.status ? `The site answered with status ${request.status}.` : "The site cannot be reached.";
  }
}
