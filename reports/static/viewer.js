// What pages of the viewer do beyond links and forms, all of which work without it.

// Colours that were chosen stay chosen on the next page.
document.getElementById("theme").addEventListener("click", () => {
  try {
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  } catch {
    // A browser that keeps nothing asks again on each page.
  }
});

const told = document.getElementById("told");
function tell(text) {
  const line = document.createElement("p");
  line.textContent = text;
  told.replaceChildren(line);
  setTimeout(() => line.remove(), 8000);
}

// A question before what cannot be undone; the link leads to the same question on a page.
const dialog = document.getElementById("asked");
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const back = encodeURIComponent(location.pathname === "/" ? location.pathname + location.search : "/");
  const response = await fetch(`${link.getAttribute("href")}?back=${back}`, { headers: { "HX-Request": "true", Accept: "text/html" } });
  if (!response.ok) {
    location.assign(link.href);
    return;
  }
  dialog.innerHTML = await response.text();
  dialog.showModal();
});
dialog.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-close]")) return;
  event.preventDefault();
  dialog.close();
});

// Who has opened a form writes into it next; who has left it is where it was.
document.addEventListener("htmx:after:swap", () => document.querySelector(".editing [name=tags]")?.focus());

// Two runs make a comparison.
function countChosen() {
  const button = document.querySelector("#compare button[data-least]");
  if (!button) return;
  const chosen = document.querySelectorAll("input[name=run]:checked").length;
  button.disabled = chosen < Number(button.dataset.least);
  button.textContent = chosen ? `Compare ${chosen} chosen ${chosen === 1 ? "run" : "runs"}` : "Compare chosen runs";
}
document.addEventListener("change", countChosen);
document.addEventListener("htmx:after:swap", countChosen);
countChosen();

// Where there is little room, filters that are not in use wait behind a click.
const more = document.querySelector(".more-filters");
if (more && matchMedia("(max-width: 760px)").matches) {
  more.open = [...more.querySelectorAll("input, select")].some((field) => field.value !== "");
}

// What has to be scrolled can be reached by keys, where nothing in it can.
function reach() {
  for (const box of document.querySelectorAll(".scroll, figure, pre")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls && !box.hasAttribute("tabindex") && !box.querySelector("a, button, input, select, [tabindex]")) box.tabIndex = 0;
  }
}
for (const name of ["load", "resize", "toggle", "htmx:after:swap"]) addEventListener(name, reach, true);
reach();

// A list that is sorted by a link stays so when the form filters it, be it a moment later.
document.addEventListener("click", (event) => {
  const link = event.target.closest("#list th a[hx-get]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const query = new URL(link.href).searchParams;
  for (const name of ["order", "down"]) {
    document.querySelector(`#filter [name=${name}]`).value = query.get(name) ?? "";
  }
});

document.addEventListener("htmx:response:error", (event) => {
  const text = new DOMParser().parseFromString(event.detail.ctx.text ?? "", "text/html");
  tell(text.querySelector("main p")?.textContent ?? "The server refuses that.");
});
document.addEventListener("htmx:error", () => tell("The server does not answer. Is it still running?"));

// Jobs: what one tells, as it happens.
const bars = new Map();

function progressOf(name, text, done, total) {
  let line = bars.get(name);
  if (!line || !line.isConnected) {
    line = document.createElement("label");
    line.append(document.createElement("span"), document.createElement("progress"));
    document.querySelector("#job .progress")?.append(line);
    bars.set(name, line);
  }
  line.firstChild.textContent = text;
  line.lastChild.max = Math.max(total, 1);
  line.lastChild.value = done;
}

const number = (value) => value.toLocaleString("en-US");

function log(text) {
  const line = document.createElement("li");
  line.textContent = text;
  document.querySelector("#job .log")?.append(line);
}

const hears = {
  stage: (said) => {
    const stage = document.querySelector("#job .stage");
    if (stage) stage.textContent = said.stage;
    log(said.stage);
  },
  said: (said) => log(said.text),
  bars: (said) => progressOf(said.series, `${said.series}: ${number(said.done)} of ${number(said.total)} bars`, said.done, said.total),
  decisions: (said) => progressOf(said.signal, `${said.signal}: ${number(said.done)} of ${number(said.total)} decisions`, said.done, said.total),
};

async function refresh(id) {
  const response = await fetch(`/jobs/${id}`, { headers: { "HX-Request": "true", Accept: "text/html" } });
  const old = document.getElementById("job");
  if (!response.ok || !old) return;
  const lines = [...old.querySelectorAll(".log > li")];
  old.outerHTML = await response.text();
  const fresh = document.getElementById("job");
  fresh.querySelector(".log").append(...lines);
  if (fresh.dataset.run) location.assign(`/runs/${fresh.dataset.run}`);
}

function listen(id) {
  const source = new EventSource(`/api/v1/jobs/${id}/events`);
  for (const [name, hear] of Object.entries(hears)) {
    source.addEventListener(name, (event) => hear(JSON.parse(event.data)));
  }
  source.addEventListener("state", (event) => {
    const { state } = JSON.parse(event.data);
    if (state === "waiting") return;
    if (state !== "running") source.close();
    refresh(id);
  });
  source.addEventListener("error", () => {
    // As many streams are open as may be: asked again, now and then.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => refresh(id).then(() => follow()), 2000);
  });
  return source;
}

// How long a job has been under way, by this clock alone.
setInterval(() => {
  const line = document.querySelector("#job .so-far");
  if (!line) return;
  line.began ??= performance.now() - 1000 * Number(line.dataset.seconds);
  line.textContent = `for ${Math.floor((performance.now() - line.began) / 1000)} s`;
}, 1000);

function follow() {
  const job = document.getElementById("job");
  if (job && ["waiting", "running"].includes(job.dataset.state)) listen(job.dataset.job);
}
follow();
