// The console's page: what the server says has changed is put in place; forms and buttons are sent to it. No more than that.

const view = new URLSearchParams(location.search);
const own = { "content-type": "application/json", "x-console": "1" };
const $ = (id) => document.getElementById(id);
let source;
let shown = Date.now();
let seenAt = performance.now();
let runs = true;
let shape = "";

function listen() {
  source?.close();
  history.replaceState(null, "", view.size ? `?${view}` : location.pathname);
  source = new EventSource(`/live?${view}`);
  source.addEventListener("pieces", (event) => putInPlace(JSON.parse(event.data)));
}

// A piece that holds forms is replaced only when people come or go, so that nobody loses what they are typing.
function putInPlace(pieces) {
  const started = performance.now();
  if (pieces.people !== undefined) {
    const fresh = pieces.people.replace(/\s+/g, " ");
    if (fresh !== shape) {
      shape = fresh;
      $("people").innerHTML = pieces.people;
    }
    delete pieces.people;
  }
  const focused = document.activeElement?.id;
  for (const [id, html] of Object.entries(pieces)) {
    const element = $(id);
    if (element) element.innerHTML = html;
  }
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus({ preventScroll: true });
  for (const list of document.querySelectorAll("[data-end]")) list.scrollTop = list.scrollHeight;
  if (pieces.clock !== undefined) readClock();
  countDown();
  window.slowestUpdate = Math.max(window.slowestUpdate ?? 0, performance.now() - started);
}

function readClock() {
  const time = $("clock").querySelector("time");
  shown = Date.parse(time.dateTime);
  seenAt = performance.now();
  runs = time.dataset.runs === "1";
  const speed = $("clock").querySelector("[data-now]")?.dataset.now;
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", button.dataset.speed === speed);
  }
}

function countDown() {
  const now = shown + (runs ? performance.now() - seenAt : 0);
  for (const time of document.querySelectorAll("time[data-due]")) {
    const seconds = Math.round((Date.parse(time.dateTime) - now) / 1000);
    time.textContent = seconds <= 0 ? "now" : words(seconds);
  }
}

function words(seconds) {
  if (seconds < 90) return `in ${seconds} s`;
  if (seconds < 5400) return `in ${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `in ${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `in ${Math.round(seconds / 86400)} days`;
}

async function send(address, body) {
  const answer = await fetch(`/${address}`, { method: "POST", headers: own, body: JSON.stringify(body) });
  return answer.headers.get("content-type")?.includes("json") ? answer.json() : { problem: await answer.text() };
}

function say(text, isProblem = false) {
  $("toast").textContent = text;
  $("toast").className = isProblem ? "problem" : "";
  clearTimeout(say.timer);
  say.timer = setTimeout(() => ($("toast").textContent = ""), 6000);
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
  const { said, problem } = await send(form.dataset.post, fields(form));
  if (form.id === "publish") $("problem").textContent = problem ?? "";
  if (problem) return say(problem, true);
  say(typeof said === "string" ? said : said.said);
  if (said?.message_id) form.dataset.published = said.message_id;
  if (form.dataset.reset !== undefined) form.reset();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { post, body, page, to, story, example } = button.dataset;
  if (post) {
    button.setAttribute("aria-busy", "true");
    const { said, problem } = await send(post, JSON.parse(body));
    button.removeAttribute("aria-busy");
    say(problem ?? said, Boolean(problem));
  } else if (page) {
    view.set(page, to);
    listen();
  } else if (story) {
    view.set("message", story);
    $("story").innerHTML = "";
    $("dialog").showModal();
    listen();
  } else if (example) {
    fill(JSON.parse(example));
  }
});

$("dialog").addEventListener("close", () => {
  view.delete("message");
  listen();
});

$("search").addEventListener("input", (event) => {
  clearTimeout($("search").timer);
  $("search").timer = setTimeout(() => {
    view.set("search", event.target.value);
    view.delete("people");
    listen();
  }, 200);
});

function fill(example) {
  const form = $("publish");
  form.agent_id.value = example.agent_id;
  form.message_data.value = JSON.stringify(example.message_data, null, 2);
  form.priority.value = example.priority;
  form.can_delay.checked = example.can_delay ?? true;
  form.requires_fresh_context.checked = example.requires_fresh_context ?? false;
  show();
}

async function show() {
  const { said, problem } = await send("preview", { user_id: "user_ada", ...fields($("publish")) });
  $("problem").textContent = problem ?? "";
  if (said) [$("call").textContent, $("body").textContent] = [said.call, said.body];
}

$("publish").addEventListener("input", () => {
  clearTimeout(show.timer);
  show.timer = setTimeout(show, 150);
});

$("publish").user_id.value = "user_ada";
fill(JSON.parse(document.querySelector("[data-example]").dataset.example));
setInterval(countDown, 500);
listen();
