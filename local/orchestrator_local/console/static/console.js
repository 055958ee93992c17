// The console's page. The server sends fragments of HTML that changed, and the script puts them in place.
// Forms and buttons send their fields to the server as JSON, and the page shows the result.

const view = new URLSearchParams(location.search);
const requestHeaders = { "content-type": "application/json", "x-console": "1" };
const $ = (id) => document.getElementById(id);
let source;
let clockTime = Date.now();
let clockReadAt = performance.now();
let clockRuns = true;
let shownPeople = "";

function subscribe() {
  source?.close();
  history.replaceState(null, "", view.size ? `?${view}` : location.pathname);
  source = new EventSource(`/live?${view}`);
  source.addEventListener("fragments", (event) => replaceFragments(JSON.parse(event.data)));
}

// The fragment of people holds forms. It is replaced only when people are added or the page turns, so that a text that
// a person is writing is not lost.
function replaceFragments(fragments) {
  const started = performance.now();
  if (fragments.people !== undefined) {
    const people = fragments.people.replace(/\s+/g, " ");
    if (people !== shownPeople) {
      shownPeople = people;
      $("people").innerHTML = fragments.people;
    }
    delete fragments.people;
  }
  const focused = document.activeElement?.id;
  for (const [id, html] of Object.entries(fragments)) {
    const element = $(id);
    if (element) element.innerHTML = html;
  }
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus({ preventScroll: true });
  for (const list of document.querySelectorAll("[data-end]")) list.scrollTop = list.scrollHeight;
  if (fragments.clock !== undefined) readClock();
  updateDueTimes();
  window.slowestUpdate = Math.max(window.slowestUpdate ?? 0, performance.now() - started);
}

function readClock() {
  const time = $("clock").querySelector("time");
  clockTime = Date.parse(time.dateTime);
  clockReadAt = performance.now();
  clockRuns = time.dataset.runs === "1";
  const speed = $("clock").querySelector("[data-now]")?.dataset.now;
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", button.dataset.speed === speed);
  }
}

function updateDueTimes() {
  const now = clockTime + (clockRuns ? performance.now() - clockReadAt : 0);
  for (const time of document.querySelectorAll("time[data-due]")) {
    const seconds = Math.round((Date.parse(time.dateTime) - now) / 1000);
    time.textContent = seconds <= 0 ? "now" : duration(seconds);
  }
}

function duration(seconds) {
  if (seconds < 90) return `in ${seconds} s`;
  if (seconds < 5400) return `in ${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `in ${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `in ${Math.round(seconds / 86400)} days`;
}

// Returns {result} or {error}.
async function send(address, body) {
  const answer = await fetch(`/${address}`, { method: "POST", headers: requestHeaders, body: JSON.stringify(body) });
  return answer.headers.get("content-type")?.includes("json") ? answer.json() : { error: await answer.text() };
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
  if (result?.message_id) form.dataset.published = result.message_id;
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
    view.set(page, to);
    subscribe();
  } else if (messageId) {
    view.set("message", messageId);
    $("history").innerHTML = "";
    $("dialog").showModal();
    subscribe();
  } else if (example) {
    fillForm(JSON.parse(example));
  }
});

$("dialog").addEventListener("close", () => {
  view.delete("message");
  subscribe();
});

$("search").addEventListener("input", (event) => {
  clearTimeout($("search").timer);
  $("search").timer = setTimeout(() => {
    view.set("search", event.target.value);
    view.delete("people");
    subscribe();
  }, 200);
});

function fillForm(example) {
  const form = $("publish");
  form.agent_id.value = example.agent_id;
  form.message_data.value = JSON.stringify(example.message_data, null, 2);
  form.priority.value = example.priority;
  form.can_delay.checked = example.can_delay ?? true;
  form.requires_fresh_context.checked = example.requires_fresh_context ?? false;
  preview();
}

async function preview() {
  const { result, error } = await send("preview", { user_id: "user_ada", ...fields($("publish")) });
  $("publish-error").textContent = error ?? "";
  if (result) [$("call").textContent, $("body").textContent] = [result.call, result.body];
}

$("publish").addEventListener("input", () => {
  clearTimeout(preview.timer);
  preview.timer = setTimeout(preview, 150);
});

$("publish").user_id.value = "user_ada";
fillForm(JSON.parse(document.querySelector("[data-example]").dataset.example));
setInterval(updateDueTimes, 500);
subscribe();
