// The upload form's better half: checks the picture before sending, shows progress, and keeps refusals on the page.

import { readHeader } from "./picture-header.js";

const form = document.querySelector("form.upload");
const part = (id) => document.getElementById(id);
const [input, send, reason, preview, progress, bar, stage] = [
  "file",
  "send",
  "reason",
  "preview",
  "progress",
  "bar",
  "stage",
].map(part);
const limit = Object.fromEntries(Object.entries(form.dataset).map(([name, value]) => [name, Number(value)]));

const formatNumber = (value, digits = 0) =>
  value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
const formatSize = (count) =>
  count < 1e6 ? `${formatNumber(count / 1024)}\u202fkB` : `${formatNumber(count / 1024 / 1024, 1)}\u202fMB`;

// the check of the file that was chosen last; sending waits for it
let check = Promise.resolve(null);

function refuse(headline, detail) {
  part("reason-headline").textContent = headline;
  part("reason-detail").textContent = detail;
  reason.hidden = false;
  input.setAttribute("aria-invalid", "true");
}

function accept() {
  reason.hidden = true;
  input.removeAttribute("aria-invalid");
}

function sizeReason({ width, height }) {
  if (width === undefined || height === undefined) return null;
  const size = `It has ${formatNumber(width)} × ${formatNumber(height)} px;`;
  if (Math.min(width, height) < limit.minSide) return `${size} each side needs at least ${limit.minSide} px.`;
  if (Math.max(width, height) > limit.maxSide)
    return `${size} a side may have at most ${formatNumber(limit.maxSide)} px.`;
  if (width * height > limit.maxPixels)
    return `${size} at most ${formatNumber(limit.maxPixels / 1e6)} megapixels can be judged.`;
  return null;
}

// returns [headline, detail] where the server would refuse the file, otherwise null
function reasonAgainst(file, header) {
  if (file.size > limit.maxBytes)
    return ["The picture is too large.", `${file.name} has ${formatSize(file.size)}; at most ${limit.maxMb} MB can be sent.`];
  if (!header) return ["Not a picture that can be judged.", `${file.name} is no JPEG, PNG, BMP, TIFF or WebP.`];
  const detail = sizeReason(header);
  return detail && ["The picture's size does not fit.", detail];
}

function show(file, header) {
  const picture = part("preview-picture");
  URL.revokeObjectURL(picture.src);
  const facts = [file.name, header?.width && `${formatNumber(header.width)} × ${formatNumber(header.height)} px`];
  part("preview-facts").textContent = [...facts.filter(Boolean), formatSize(file.size)].join(" · ");
  // browsers cannot show TIFF
  picture.hidden = header?.format === "TIFF";
  if (!picture.hidden) picture.src = URL.createObjectURL(file);
  preview.hidden = false;
}

async function examine() {
  const [file] = input.files;
  preview.hidden = true;
  accept();
  if (!file) return null;
  const header = await readHeader(file);
  const against = reasonAgainst(file, header);
  if (against) refuse(...against);
  else show(file, header);
  return against;
}

function busy(isBusy) {
  progress.hidden = !isBusy;
  send.disabled = isBusy;
  input.disabled = isBusy;
  form.setAttribute("aria-busy", String(isBusy));
}

function judging() {
  bar.removeAttribute("value");
  stage.textContent = "Judging the sheet…";
}

const UNANSWERED = ["The site cannot be reached.", "Check the connection, then try again. Nothing was stored."];

function problemOf(request) {
  const wait = request.getResponseHeader("Retry-After");
  try {
    const { title, detail } = JSON.parse(request.responseText);
    return [`${title}.`, wait ? `${detail} Try again in about ${wait} s.` : detail];
  } catch {
    // nginx refuses some requests before the site sees them, with a page instead of a document
    if (request.status === 413) return ["The picture is too large.", `At most ${limit.maxMb} MB can be sent.`];
    if (request.status === 429) return ["Too many requests at once.", "Wait a moment, then try again."];
    return request.status ? ["It did not work.", `The site answered with status ${request.status}.`] : UNANSWERED;
  }
}

function finish(request) {
  if (request.status === 201) {
    location.assign(request.getResponseHeader("Location"));
    return;
  }
  busy(false);
  refuse(...problemOf(request));
  input.focus();
}

function post(body) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = loaded / total;
    stage.textContent = `Sending, ${Math.round((100 * loaded) / total)}\u202f%`;
  });
  request.upload.addEventListener("load", judging);
  request.addEventListener("loadend", () => finish(request));
  request.send(body);
}

input.addEventListener("change", () => {
  check = examine();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await check) {
    input.focus();
    return;
  }
  accept();
  // disabled fields are left out of a form's data, so it is read first
  const body = new FormData(form);
  busy(true);
  bar.value = 0;
  post(body);
});

// the browser may bring the page back as it was left, in the middle of judging
addEventListener("pageshow", (event) => {
  if (event.persisted) busy(false);
});
if (input.files.length) check = examine();
