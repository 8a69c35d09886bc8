// Why: a click on a bar of the charts, or on a trade's buttons, asks the server what was decided.

const why = document.getElementById("why");
const answer = why.querySelector(".content");
let explained = null;
let asking = 0;

// A line through the bar that is explained, on the price chart.
const pointer = {
  attached({ requestUpdate }) { this.update = requestUpdate; },
  detached() {},
  updateAllViews() {},
  paneViews() { return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.draw(target) }) }]; },
  draw(target) {
    if (explained === null || level === null) return;
    const x = priceChart.timeScale().logicalToCoordinate(indexAt(level.time, explained));
    if (x === null) return;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: h }) => {
      context.strokeStyle = colour("focus");
      context.lineWidth = 2 * h;
      context.beginPath();
      context.moveTo(x * h, 0);
      context.lineTo(x * h, bitmapSize.height);
      context.stroke();
    });
  },
};
candles.attachPrimitive(pointer);
themeListeners.push(() => pointer.update());

function say(text) {
  const line = document.createElement("p");
  line.className = "note";
  line.textContent = text;
  answer.replaceChildren(line);
}

// `span` are the ends of the candle (ms), where it covers several bars.
async function explain(at, span) {
  const turn = ++asking;
  const query = new URLSearchParams(span ? { at, since: span[0], until: span[1] } : { at });
  why.hidden = false;
  why.setAttribute("aria-busy", "true");
  say("The strategy runs again up to this bar …");
  let text = null;
  try {
    let response;
    do {
      response = await fetch(`${why.dataset.address}?${query}`, { headers: { "HX-Request": "true", Accept: "text/html" } });
      // Other bars are being explained: asked again, unless another one is wanted by then.
      if (response.status === 503) await new Promise((done) => setTimeout(done, 1000));
    } while (response.status === 503 && turn === asking);
    text = await response.text();
  } catch {
    if (turn === asking) say("The server does not answer. Is it still running?");
  }
  if (turn !== asking) return;
  why.removeAttribute("aria-busy");
  if (text === null) return;
  answer.innerHTML = text;
  const found = answer.querySelector("[data-at].why");
  explained = found ? Date.parse(found.dataset.at) / 1000 : null;
  pointer.update();
  if (found) history.replaceState(history.state, "", `?at=${found.dataset.at}`);
  why.focus({ preventScroll: true });
  why.scrollIntoView({ block: "nearest" });
}

function candleAt(event) {
  if (event.logical === undefined) return;
  const at = Math.max(0, Math.min(level.time.length - 1, Math.round(event.logical)));
  const open = level.time[at] * 1000;
  explain(String(open), level.coarse ? [open, open + barSeconds() * 1000] : null);
}
priceChart.subscribeClick(candleAt);
equityChart.subscribeClick(candleAt);

document.getElementById("price").after(why);
answer.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-at]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  explain(link.dataset.at, null);
});

answer.addEventListener("submit", (event) => {
  event.preventDefault();
  explain(new FormData(event.target).get("at"), null);
});

// Beside the trade that is chosen: why it began, and why it ended.
const tools = document.createElement("span");
tools.className = "tools";
for (const [kind, text] of [["entry", "Why entered"], ["exit", "Why left"]]) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.dataset.kind = kind;
  button.addEventListener("click", () => explain(`${kind}:${trades.number[chosen]}`, null));
  tools.append(button);
}
next.parentElement.after(tools);

function offer() {
  const [entered, left] = tools.children;
  entered.disabled = chosen < 0;
  left.disabled = chosen < 0 || !isClosed(chosen);
}
new MutationObserver(offer).observe(chosenText, { childList: true, characterData: true, subtree: true });
offer();

// With the chart in focus, Enter explains the bar in the middle of what is seen.
priceBox.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const range = priceChart.timeScale().getVisibleLogicalRange();
  if (range) candleAt({ logical: (Math.max(range.from, 0) + Math.min(range.to, level.time.length - 1)) / 2 });
});
priceBox.setAttribute("aria-label", `${priceBox.getAttribute("aria-label")}, Enter explains the bar in the middle`);
const hint = document.querySelector("#price .screen");
if (hint) hint.append(" Click a bar to see why.");

const wanted = new URLSearchParams(location.search).get("at");
if (wanted) explain(wanted, null);
