"use strict";
const $ = (id) => document.getElementById(id);
const CHUNK = 8 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
const VERDICTS = {
  fits: ["good", "It fits"], split: ["warn", "It has to be split"], reduce: ["warn", "It has to become smaller"],
  "ocr-first": ["warn", "It needs OCR first"], "wont-fit": ["bad", "It will not fit"], unreadable: ["bad", "It cannot be read"],
};
const KINDS = { text: "text", scan: "scan: no text of its own", hybrid: "scan with a text layer", image: "picture", blank: "blank", unreadable: "unreadable" };
const PASSING = [408, 409, 423, 503];
const MOST_FAILURES = 8;
const state = { file: null, document: null, job: null, busy: false };

class Failure extends Error {
  constructor(problem) { super(problem.detail || "The service did not answer as expected."); this.problem = problem; }
}

async function ask(method, path, options = {}) {
  const headers = { ...(options.headers || {}) };
  if ($("key").value) headers.Authorization = `Bearer ${$("key").value}`;
  const answer = await fetch(path, { method, headers, body: options.body });
  if (!answer.ok) {
    let problem = { title: "Not possible", status: answer.status };
    try { problem = await answer.json(); } catch { /* no problem document: the status has to do */ }
    if (answer.status === 401) {
      problem.detail = $("key").value
        ? "The service does not know this key, or it has expired. Paste it again, or ask whoever runs the service."
        : "This service asks for a key. Paste yours, which begins with pf_, into the field Key.";
      $("keyrow").hidden = false;
    }
    throw new Failure(problem);
  }
  return answer;
}
const get = async (path) => (await ask("GET", path)).json();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function element(name, text, classes = "") {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

/** Fill an element with words in which backticks mark what is typed: no markup is read from them. */
function fill(made, words) {
  made.replaceChildren(...words.split("`").map((part, at) => (at % 2 ? element("code", part) : part)));
  return made;
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const passing = (error) => !(error instanceof Failure) || PASSING.includes(error.problem.status);

/** Header with the password of the document, as the bytes of its UTF-8. */
function secret() {
  return { "X-Document-Password": String.fromCharCode(...new TextEncoder().encode($("secret").value)) };
}

/** Send a file in parts; after every failure of the line go on where the service is. */
async function upload(file) {
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${base64(file.name)}` };
  const place = (await ask("POST", "/v1/uploads", { headers })).headers.get("Location");
  let at = 0, failures = 0;
  while (at < file.size) {
    try {
      const type = "application/offset+octet-stream";
      const part = { ...TUS, "Content-Type": type, "Upload-Offset": String(at) };
      const answer = await ask("PATCH", place, { headers: part, body: file.slice(at, at + CHUNK) });
      at = Number(answer.headers.get("Upload-Offset"));
      failures = 0;
    } catch (error) {
      if (!passing(error) || ++failures > MOST_FAILURES) throw error;
      say("The connection broke; going on …");
      await pause(300 * 2 ** failures);
      try { at = Number((await ask("HEAD", place, { headers: TUS })).headers.get("Upload-Offset")); } catch { /* asked again above */ }
    }
    show(at / file.size);
    say(`Sending: ${size(at)} of ${size(file.size)}`);
  }
  return place.split("/").pop();
}

/** Ask for work on the document and follow it to its end; return the job. */
async function work(kind, wish) {
  const headers = { "Content-Type": "application/json", Prefer: "respond-async" };
  let job = await (await ask("POST", `/v1/documents/${state.document}/${kind}`, { headers, body: JSON.stringify(wish) })).json();
  let failures = 0;
  state.job = job.id;
  $("cancel").hidden = false;
  for (let wait = 100; !job.done; wait = Math.min(1000, wait * 1.5)) {
    await pause(wait);
    try {
      job = await get(`/v1/jobs/${job.id}`);
      failures = 0;
    } catch (error) {
      if (!passing(error) || ++failures > MOST_FAILURES) throw error;
      say("The connection broke; asking again …");
      await pause(300 * 2 ** failures);
      continue;
    }
    const { phase, units_done: done, units_total: total } = job.progress;
    if (job.done) break;
    const words = { waiting: "Waiting for a worker", read: "Reading", ocr: "Recognizing text", cut: "Cutting" }[phase] || phase;
    say(done ? `${words}: ${done}${total ? ` of ${total}` : ""}` : `${words} …`);
    show(total ? done / total : null);
  }
  if (job.state === "cancelled") throw new Failure({ title: "Cancelled", detail: "Nothing was made." });
  if (job.problem) throw new Failure(job.problem);
  return job;
}

function say(words) { $("status").textContent = words; }
function show(share) {
  const bar = $("progress");
  bar.hidden = false;
  if (share === null) bar.removeAttribute("value"); else bar.value = share;
}

function size(bytes) {
  const units = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([scale]) => bytes >= scale);
  return units ? `${(bytes / units[0]).toFixed(1)} ${units[1]}` : `${bytes} bytes`;
}
const short = (amount) => Number(amount).toLocaleString("en", { maximumSignificantDigits: 3 });
const whole = (number) => Math.round(number).toLocaleString("en");

function figure(name, likely, range) {
  const row = element("div");
  const value = element("dd", likely);
  if (range) value.append(element("small", range));
  row.append(element("dt", name), value);
  $("figures").append(row);
}

function showReport(report) {
  const [mood, words] = VERDICTS[report.verdict] || ["warn", report.verdict];
  $("answer").className = `card ${mood}`;
  $("verdict").textContent = report.target ? `${words} — ${report.target.id}` : words;
  const bound = report.binding;
  $("because").textContent = bound
    ? `The limit that decides is ${bound.limit}: ${whole(bound.value)} of ${whole(bound.max)}, set by ${bound.by}` +
      `${bound.as_of ? ` (as of ${bound.as_of}, ${bound.status})` : ""}.`
    : report.verdict === "fits" ? "No limit decides." : "What decides is said below.";
  $("figures").replaceChildren();
  const { tokens, cost, seconds, upload_bytes: sent } = report.estimate || {};
  figure("Size", size(report.source.size_bytes), sent && sent !== report.source.size_bytes ? `${size(sent)} when sent` : "");
  if (report.facts) figure(`${report.facts.unit_kind[0].toUpperCase()}${report.facts.unit_kind.slice(1)}s`, whole(report.facts.unit_count));
  figure("Tokens", tokens ? whole(tokens.likely) : "unknown", tokens ? `${whole(tokens.low)} to ${whole(tokens.high)}` : "");
  figure("Cost", cost ? `${short(cost.likely)} ${cost.currency}` : "unknown", cost ? `${short(cost.low)} to ${short(cost.high)}` : "");
  figure("Time at the target", seconds ? `${short(seconds.likely)} s` : "unknown", seconds ? `${short(seconds.low)} to ${short(seconds.high)} s` : "");
  showStrip(report);
  const findings = report.findings.map((one) => fill(element("li", "", one.severity), one.message));
  $("findings").replaceChildren(...(findings.length ? findings : [element("li", "Nothing: it can go as it is.")]));
  const unit = report.facts ? report.facts.unit_kind : "page";
  $("pages-title").textContent = `${unit[0].toUpperCase()}${unit.slice(1)}s in a piece, at most`;
  $("plan").textContent = advice(report, unit);
  $("pieces").replaceChildren();
  $("archive").replaceChildren();
  $("result").hidden = false;
}

function advice(report, unit) {
  const pieces = report.plan ? report.plan.pieces.length : 0;
  if ($("secret").value) return "Pieces of a protected document are made by the command line: preflight split --decrypt.";
  if (pieces > 1) return `${pieces} pieces would each get through. Each is measured when it is written, and a manifest proves that nothing is lost.`;
  if (report.verdict === "ocr-first") return "Its pages have no text of their own. Get its text here, or have OCR put a text layer into it first.";
  if (report.verdict === "fits") return `One piece is enough. With a number of ${unit}s you can cut it smaller.`;
  return "Cutting alone does not help: see above what does.";
}

function showStrip(report) {
  const units = report.facts ? report.facts.units : [];
  const cuts = new Map((report.plan ? report.plan.pieces : []).slice(1).map((piece) => [piece.first, piece.reason]));
  const blocks = units.map((unit) => {
    const cut = cuts.has(unit.number) ? `; a piece begins here` : "";
    const block = element("li", "", `${unit.kind}${cut ? " cut" : ""}`);
    block.title = `${report.facts.unit_kind} ${unit.number}: ${KINDS[unit.kind] || unit.kind}${cut}`;
    return block;
  });
  $("strip").replaceChildren(...blocks);
  $("strip-title").textContent = report.facts ? `${whole(units.length)} ${report.facts.unit_kind}${units.length === 1 ? "" : "s"}` : "";
  const kinds = [...new Set(units.map((unit) => unit.kind))];
  $("legend").replaceChildren(...kinds.map((kind) => {
    const row = element("li");
    row.append(element("i", "", kind), `${KINDS[kind] || kind}: ${whole(units.filter((unit) => unit.kind === kind).length)}`);
    return row;
  }));
}

function fail(error) {
  const problem = error instanceof Failure ? error.problem : { title: "The service cannot be reached", detail: "Check that it is running, and try again." };
  const words = { "password-required": "Type it into the field Password and check again.", "wrong-password": "Try another one." }[problem.code];
  if (words) $("secretrow").hidden = false;
  $("problem-title").textContent = problem.title || "Not possible";
  fill($("problem-detail"), words || problem.detail || "");
  $("problem").hidden = false;
  say("");
}

async function busily(action) {
  if (state.busy) return;
  state.busy = true;
  $("problem").hidden = true;
  for (const id of ["check", "split", "text"]) $(id).disabled = true;
  try { await action(); } catch (error) { fail(error); } finally {
    state.busy = false;
    state.job = null;
    $("progress").hidden = $("cancel").hidden = true;
    $("check").disabled = !state.file;
    $("text").disabled = false;
    $("split").disabled = Boolean($("secret").value);
  }
}

function order() {
  const wish = {};
  if ($("target").value) wish.for = $("target").value;
  const hops = [...$("hop").selectedOptions].map((one) => one.value);
  if (hops.length && !wish.for) throw new Failure({ title: "Gateways on the way to what?", detail: "Choose a target, too." });
  if (hops.length) wish.via = hops;
  return wish;
}

async function check() {
  $("result").hidden = true;
  const wish = order();
  if ($("secret").value) {
    showReport(await protectedReport(wish));
  } else {
    if (!state.document) state.document = await upload(state.file);
    $("remove").hidden = false;
    const job = await work("checks", wish);
    showReport(await get(job.result_url));
  }
  say("Done.");
}

/** Check a protected document within one request: its password is kept nowhere. */
async function protectedReport(wish) {
  const query = new URLSearchParams({ filename: state.file.name });
  if (wish.for) query.set("for", wish.for);
  for (const hop of wish.via || []) query.append("via", hop);
  const headers = { "Content-Type": "application/octet-stream", Prefer: "wait=300", ...secret() };
  say("Sending and reading …");
  show(null);
  return (await ask("POST", `/v1/check?${query}`, { headers, body: state.file })).json();
}

async function split() {
  const wish = order();
  if ($("pages").value) wish.max_pages = Number($("pages").value);
  if (!wish.for && !wish.max_pages) throw new Failure({ title: "What are the pieces for?", detail: "Choose a target, or say how many pages a piece may have." });
  const job = await work("splits", wish);
  const manifest = await get(job.result_url);
  $("pieces").replaceChildren(...manifest.pieces.map((piece) => {
    const row = element("li");
    row.append(download(`${job.result_url}/pieces/${piece.index}`, piece.name), " ", element("small", size(piece.size_bytes)));
    return row;
  }));
  $("archive").replaceChildren(download(`${job.result_url}/archive`, "All pieces with their manifest (ZIP)", `${state.file.name}.zip`));
  const missing = manifest.quarantined.length;
  say(`${manifest.pieces.length} pieces.${missing ? ` ${missing} units are in none of them; the manifest says why.` : " Nothing is lost."}`);
}

async function text() {
  const name = `${state.file.name}.txt`;
  if ($("secret").value) {
    if (!state.document) state.document = await upload(state.file);
    $("remove").hidden = false;
    say("Reading …");
    show(null);
    const headers = { "Content-Type": "application/json", Prefer: "wait=300", ...secret() };
    const answer = await ask("POST", `/v1/documents/${state.document}/texts`, { headers, body: JSON.stringify({ as: "text" }) });
    save(await answer.blob(), name);
    say("The text is ready.");
    return;
  }
  const job = await work("texts", { as: "text" });
  const link = download(job.result_url, "Its text", name);
  link.download = name;
  $("archive").replaceChildren(link);
  say(job.state === "partial" ? "Some pages could not be read; the text says which." : "The text is ready.");
}

/** A link; with a key the file is fetched first, because a link carries none. */
function download(path, words, name = words) {
  const link = element("a", words);
  link.href = path;
  link.addEventListener("click", (event) => {
    if (!$("key").value) return;
    event.preventDefault();
    busily(async () => save(await (await ask("GET", path)).blob(), name));
  });
  return link;
}

function save(blob, name) {
  const saved = element("a");
  saved.href = URL.createObjectURL(blob);
  saved.download = name;
  saved.click();
  setTimeout(() => URL.revokeObjectURL(saved.href), 60_000);
}

function choose(file) {
  if (!file || state.busy) return;
  Object.assign(state, { file, document: null });
  $("chosen").textContent = file.name;
  $("hint").textContent = size(file.size);
  $("secret").value = $("pages").value = "";
  $("secretrow").hidden = true;
  $("check").disabled = false;
  $("result").hidden = $("remove").hidden = true;
  busily(check);
}

async function begin() {
  const targets = (await get("/v1/targets")).items;
  $("problem").hidden = true;
  for (const id of ["hop", "target"]) $(id).replaceChildren(...[...$(id).options].filter((one) => !one.value));
  const option = (one) => { const made = element("option", one.name || one.id); made.value = one.id; return made; };
  for (const one of targets) $(one.kind === "gateway" ? "hop" : "target").append(option(one));
  const kept = (await get("/v1/limits")).kept_seconds;
  $("kept").textContent = kept >= 172800 ? `${whole(kept / 86400)} days` : `${whole(kept / 3600)} hours`;
}

$("file").addEventListener("change", () => choose($("file").files[0]));
$("form").addEventListener("submit", (event) => { event.preventDefault(); busily(check); });
$("split").addEventListener("click", () => busily(split));
$("text").addEventListener("click", () => busily(text));
$("cancel").addEventListener("click", () => state.job && ask("POST", `/v1/jobs/${state.job}/cancel`).catch(fail));
$("key").addEventListener("change", () => begin().catch(fail));
$("remove").addEventListener("click", () => busily(async () => {
  await ask("DELETE", `/v1/documents/${state.document}`);
  state.document = null;
  $("result").hidden = $("remove").hidden = true;
  say("It is gone.");
}));
for (const kind of ["dragover", "dragleave", "drop"]) {
  $("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") choose(event.dataTransfer.files[0]);
  });
}
begin().catch(fail);
