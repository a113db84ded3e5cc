// The upload page's better half: pictures are gathered, checked, sent and their outcomes shown as they arrive.

import { counted } from "../format.js";
import { check } from "./check.js";
import { Row } from "./row.js";
import { isRefusal, makeSender, sayFailure } from "./sender.js";

const part = (id) => document.getElementById(id);
const form = document.querySelector("form.upload");
const [input, send, folder, again, clear, queue, all, bar, stage, reason] = [
  "file",
  "send",
  "folder",
  "again",
  "clear",
  "queue",
  "all",
  "bar",
  "stage",
  "reason",
].map(part);
const limit = Object.fromEntries(Object.entries(form.dataset).map(([name, value]) => [name, Number(value)]));
const rows = new Map();
// checks that are under way; sending waits for them
const checks = new Set();
// runs under way: a single row may be tried again while others are sent
let sending = 0;

const uppy = makeSender(form.action, "main", (id, request, seconds) =>
  rows.get(id)?.state("sending", `${sayFailure(request, limit.maxMb)} ${seconds ? `Next try in ${seconds}\u202fs` : "Trying again…"}`),
);
const ofKind = (...kinds) => [...rows.values()].filter(({ kind }) => kinds.includes(kind));

function say(headline, detail = "") {
  part("reason-headline").textContent = headline;
  part("reason-detail").textContent = detail;
  reason.hidden = !headline;
  input.setAttribute("aria-invalid", String(Boolean(headline)));
}

function refresh() {
  const ready = ofKind("", "ready").length;
  const [done, failed, refused, underWay] = ["done", "failed", "refused", "sending"].map((kind) => ofKind(kind).length);
  // what is refused before it is sent has its outcome too
  const total = done + failed + refused + underWay;
  send.textContent = sending ? "Judging…" : ready ? `Judge ${counted(ready, "sheet")}` : "Judge";
  send.setAttribute("aria-disabled", String(sending > 0));
  again.hidden = sending || !failed;
  clear.hidden = sending || !rows.size;
  all.hidden = ![...rows.values()].some(({ sent }) => sent);
  bar.max = total || 1;
  bar.value = done + failed + refused;
  const told = [`${done} of ${total} judged`, failed && `${failed} failed`, refused && `${refused} refused`]
    .filter(Boolean)
    .join(", ");
  // written anew it would be read aloud anew
  if (stage.textContent !== told) stage.textContent = told;
  // not the form's, whose figures are read aloud meanwhile
  queue.setAttribute("aria-busy", String(sending > 0));
}

function add(files, source) {
  say("");
  for (const file of files) {
    try {
      // by its path too, files of two folders that have the same name, size and time are told apart
      const meta = { relativePath: file.webkitRelativePath || null };
      uppy.addFile({ source, name: file.name, type: file.type, data: file, meta });
    } catch (error) {
      // chosen before: it is in the list already
      if (!error.isRestriction) throw error;
    }
  }
}

async function examine(file, row) {
  const { header, reason: against } = await check(file.data, limit);
  if (against) {
    row.state("refused", against);
    uppy.removeFile(file.id);
  } else {
    row.ready(file.data, header);
  }
  refresh();
}

function remove(id) {
  if (uppy.getFile(id)) uppy.removeFile(id);
  rows.get(id).discard();
  rows.delete(id);
  // it was about the list as it stood
  say("");
  refresh();
  input.focus();
}

uppy.on("file-added", (file) => {
  // a refused file that is chosen again has a row already
  rows.get(file.id)?.discard();
  const row = new Row(file, { onAgain: () => run(() => uppy.retryUpload(file.id)), onRemove: () => remove(file.id) });
  rows.set(file.id, row);
  queue.append(row.element);
  const checking = examine(file, row).finally(() => checks.delete(checking));
  checks.add(checking);
  refresh();
});
uppy.on("upload-start", (files) => {
  for (const { id } of files) rows.get(id).sending(0);
  refresh();
});
uppy.on("upload-progress", (file, { bytesUploaded, bytesTotal }) => {
  rows.get(file.id)?.sending(bytesUploaded / bytesTotal);
  refresh();
});
uppy.on("upload-success", (file, { body }) => {
  rows.get(file.id).done(body);
  refresh();
  // a single sheet is what its sender wants to see
  if (rows.size === 1) leaveFor(body.location);
});
uppy.on("upload-error", (file, _error, request) => {
  const refused = isRefusal(request);
  rows.get(file.id).ended(refused ? "refused" : "failed", sayFailure(request, limit.maxMb));
  // or trying the failed ones again would send it too
  if (refused) uppy.removeFile(file.id);
  refresh();
});

function leaveFor(address) {
  sending = 0;
  location.assign(address);
}

async function run(work) {
  say("");
  sending += 1;
  refresh();
  try {
    await work();
  } finally {
    sending = Math.max(sending - 1, 0); // it is 0 already where the page is left
    refresh();
  }
}

async function submit() {
  await Promise.all(checks);
  if (ofKind("ready").length) {
    await run(() => uppy.upload());
    return;
  }
  if (ofKind("failed").length) {
    await run(() => uppy.retryAll());
    return;
  }
  const [refused] = ofKind("refused");
  if (ofKind("done").length) say("All that can be judged is judged already.");
  else say(refused ? "None of these can be judged." : "No picture was chosen.", refused?.part("state").textContent);
  input.focus();
}

function chooseFolder() {
  const chooser = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
  // a folder holds other things too, of which nobody wants to be told
  chooser.addEventListener("change", () => add([...chooser.files].filter(isPicture), "folder"));
  chooser.click();
}

const ENDINGS = input.accept.split(",").filter((kind) => kind.startsWith("."));
const isPicture = ({ name }) => ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));

input.multiple = true;
form.noValidate = true;
input.addEventListener("change", () => {
  add([...input.files], "picker");
  input.value = "";
});
folder.addEventListener("click", chooseFolder);
again.addEventListener("click", () => run(() => uppy.retryAll()));
clear.addEventListener("click", () => {
  for (const id of [...rows.keys()]) remove(id);
});
addEventListener("paste", ({ clipboardData }) => add([...clipboardData.files], "paste"));
addEventListener("online", () => ofKind("failed").length && run(() => uppy.retryAll()));
addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!sending) submit();
});
if (input.files.length) add([...input.files], "picker");
refresh();
