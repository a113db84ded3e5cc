// Sends pictures with Uppy, a few at a time; waits as long as a busy service asks for, then tries again.

import { DropTarget, Uppy, XHRUpload } from "../vendor/uppy.js";

const AT_ONCE = 3;
const RETRIES = 5;
const DEFAULT_WAIT_S = 5;
const LONGEST_WAIT_S = 60;
// the network is gone or the service is starting, busy or away: nothing was judged
const PASSING = [0, 429, 502, 503, 504];
// refused, but not for the picture: the site's token, a slow connection, too many requests
const NOT_FOR_THE_PICTURE = [401, 408, 429];
// nginx refuses some requests before the site sees them, with a page instead of a document
const WORDS = { 429: "Too many requests at once.", 502: "The site cannot be reached.", 504: "The site did not answer in time." };
const SILENT = { debug() {}, warn() {}, error() {} };
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

function waitOf(request) {
  const asked = Number(request.getResponseHeader("Retry-After"));
  return Math.min(asked > 0 ? asked : DEFAULT_WAIT_S, LONGEST_WAIT_S);
}

// `onWait` is told of each file that waits: its id, the answer, and for how many seconds
export function makeSender(endpoint, target, onWait) {
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
    shouldRetry: (request) => {
      // without an answer there is none after which that would be told
      if (request.status === 0) onWait(fileOf.get(request), request, null);
      return PASSING.includes(request.status);
    },
    onBeforeRequest: (request, _count, [file]) => {
      fileOf.set(request, file.id);
    },
    onAfterResponse: async (request, count) => {
      if (!PASSING.includes(request.status) || count >= RETRIES) return;
      const seconds = waitOf(request);
      onWait(fileOf.get(request), request, seconds);
      await sleep(seconds);
    },
  });
  return uppy;
}

// whether the same picture would be refused again
export const isRefusal = (request) =>
  request?.status >= 400 && request.status < 500 && !NOT_FOR_THE_PICTURE.includes(request.status);

// a sentence for a person about a request that did not succeed
export function sayFailure(request, maxMb) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    if (!request?.status) return "The site cannot be reached.";
    if (request.status === 413) return `At most ${maxMb} MB can be sent.`;
    return WORDS[request.status] ?? `The site answered with status ${request.status}.`;
  }
}
