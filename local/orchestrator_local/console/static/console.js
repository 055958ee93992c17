// The console's page. The server sends fragments of HTML that changed, and the script puts them in place.
// Forms and buttons send their fields to the server as JSON, and the page shows the result.
// The address names what the page shows: the open story, the search, and the pages of people and lanes.

import { timeUntil } from "./durations.js";
import { morph } from "./morph.js";

const requestHeaders = { "content-type": "application/json", "x-console": "1" };
// When the browser does not connect again by itself.
const RECONNECT_MS = 2000;
const $ = (id) => document.getElementById(id);
let view = new URLSearchParams(location.search);
let source;
let clockTime = Date.now();
let clockReadAt = performance.now();
let clockRuns = true;
let opener = "";

// The address ------------------------------------------------------------------------------------

// Changes what the address names; an empty value names nothing. `replace` adds no step for the back button.
function navigate(changes, { replace = false } = {}) {
  for (const [name, value] of Object.entries(changes)) {
    if (value) view.set(name, value);
    else view.delete(name);
  }
  history[replace ? "replaceState" : "pushState"](null, "", view.size ? `?${view}` : location.pathname);
  showView();
}

function showView() {
  const message = view.get("message") ?? "";
  if ($("history").dataset.message !== message) $("history").textContent = message && "Loading…";
  $("history").dataset.message = message;
  if (message && !$("dialog").open) {
    opener ||= `m-${message}`;
    $("dialog").showModal();
  }
  if (!message && $("dialog").open) $("dialog").close();
  if (document.activeElement !== $("search")) $("search").value = view.get("search") ?? "";
  subscribe();
}

window.addEventListener("popstate", () => {
  view = new URLSearchParams(location.search);
  showView();
});

function subscribe() {
  source?.close();
  source = new EventSource(`/live?${view}`);
  source.addEventListener("fragments", (event) => replaceFragments(JSON.parse(event.data)));
  source.addEventListener("open", () => ($("away").hidden = true));
  source.addEventListener("error", (event) => {
    $("away").hidden = false;
    if (event.target.readyState === EventSource.CLOSED) setTimeout(subscribe, RECONNECT_MS);
  });
}

// Fragments ----------------------------------------------------------------------------------------

function replaceFragments(fragments) {
  const started = performance.now();
  const scrolledUp = new Set([...document.querySelectorAll("[data-end]")].filter((list) => !isAtEnd(list)));
  const focused = document.activeElement?.id;
  for (const [id, html] of Object.entries(fragments)) {
    if ($(id)) morph($(id), html);
  }
  // An element that moved to another list is a new one.
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus({ preventScroll: true });
  for (const list of document.querySelectorAll("[data-end]")) {
    if (!scrolledUp.has(list)) list.scrollTop = list.scrollHeight;
  }
  if (fragments.clock !== undefined) readClock();
  if (fragments.references !== undefined) offerFirstPerson();
  updateDueTimes();
  window.slowestUpdate = Math.max(window.slowestUpdate ?? 0, performance.now() - started);
}

function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 8;
}

function readClock() {
  const time = $("clock").querySelector("time");
  clockTime = Date.parse(time.dateTime);
  clockReadAt = performance.now();
  const speed = time.dataset.speedNow;
  clockRuns = speed === "1";
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", button.dataset.speed === speed);
  }
}

function updateDueTimes() {
  const now = clockTime + (clockRuns ? performance.now() - clockReadAt : 0);
  for (const time of document.querySelectorAll("time[data-due]")) {
    time.textContent = timeUntil((Date.parse(time.dateTime) - now) / 1000);
  }
}

// Actions ------------------------------------------------------------------------------------------

// Returns {result} or {error}.
async function send(address, body) {
  try {
    const answer = await fetch(`/${address}`, { method: "POST", headers: requestHeaders, body: JSON.stringify(body) });
    return answer.headers.get("content-type")?.includes("json") ? answer.json() : { error: await answer.text() };
  } catch {
    return { error: "The server does not answer. Nothing was changed." };
  }
}

function showToast(text, isError = false) {
  $("toast").textContent = text;
  $("toast").className = isError ? "error" : "";
  clearTimeout(showToast.timer);
  showToast.timer = setTimeout(() => ($("toast").textContent = ""), 6000);
}

function fields(form) {
  const content = Object.fromEntries(new FormData(form));
  for (const box of form.querySelectorAll("input[type=checkbox]")) content[box.name] = box.checked;
  return content;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.post) return;
  event.preventDefault();
  const { result, error } = await send(form.dataset.post, fields(form));
  if (form.id === "publish") $("publish-error").textContent = error ?? "";
  if (error) return showToast(error, true);
  showToast(typeof result === "string" ? result : result.text);
  if (result?.message_id) {
    showPhone(form.user_id.value);
    form.dataset.published = $("story").dataset.history = result.message_id;
    $("story").hidden = false;
  }
  if (form.dataset.reset !== undefined) form.reset();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { post, body, page, to, history: messageId, example } = button.dataset;
  if (post) {
    button.setAttribute("aria-busy", "true");
    const { result, error } = await send(post, JSON.parse(body));
    button.removeAttribute("aria-busy");
    showToast(error ?? result, Boolean(error));
  } else if (page) {
    navigate({ [page]: to === "0" ? "" : to });
  } else if (messageId) {
    opener = button.id;
    navigate({ message: messageId });
  } else if (example) {
    fillForm(JSON.parse(example));
  } else if (button.dataset.search !== undefined) {
    navigate({ search: "", people: "" });
    $("search").focus();
  }
});

// The focus returns to what opened the story, also where its list was changed meanwhile.
$("dialog").addEventListener("close", () => {
  if (view.has("message")) navigate({ message: "" });
  ($(opener) ?? $("h-waiting")).focus();
  opener = "";
});

$("search").addEventListener("input", (event) => {
  clearTimeout($("search").timer);
  $("search").timer = setTimeout(() => navigate({ search: event.target.value, people: "" }, { replace: true }), 200);
});

// The publish form -----------------------------------------------------------------------------------

function fillForm(example) {
  const form = $("publish");
  form.agent_id.value = example.agent_id;
  form.message_data.value = JSON.stringify(example.message_data, null, 2);
  form.priority.value = example.priority;
  form.can_delay.checked = example.can_delay ?? true;
  form.requires_fresh_context.checked = example.requires_fresh_context ?? false;
  form.expects_reply.checked = form.allow_repeat.checked = false;
  preview();
}

// The effect of publishing is seen on the person's phone.
function showPhone(reference) {
  const texts = document.querySelector(`[data-reference="${CSS.escape(reference)}"] .texts`);
  texts?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// The form is for the first person on the page until the operator names another.
function offerFirstPerson() {
  const field = $("publish").user_id;
  const first = $("references").querySelector("option");
  if (!field.value && first && document.activeElement !== field) {
    field.value = first.value;
    preview();
  }
}

async function preview() {
  const content = fields($("publish"));
  const { result, error } = await send("preview", { ...content, user_id: content.user_id || "user_123" });
  $("publish-error").textContent = error ?? "";
  if (result) [$("call").textContent, $("body").textContent] = [result.call, result.body];
}

$("publish").addEventListener("input", () => {
  clearTimeout(preview.timer);
  preview.timer = setTimeout(preview, 150);
});

// The start --------------------------------------------------------------------------------------------

// On a narrow screen what is seldom used is folded, so that a cause stands beside its effect.
const wide = matchMedia("(min-width: 48rem)");
function fold() {
  for (const details of document.querySelectorAll("details.fold")) details.open = wide.matches;
}
wide.addEventListener("change", fold);

fold();
fillForm(JSON.parse(document.querySelector("[data-example]").dataset.example));
setInterval(updateDueTimes, 500);
showView();
