// The page: choosing trades, legends, buttons, keys.

const chosenText = document.getElementById("chosen");
const levelText = document.getElementById("level");
const previous = document.getElementById("previous");
const next = document.getElementById("next");

// What a viewer that has finer candles says of them.
let zoomNote = "";

function levelNote() {
  if (level.coarse) return `Each candle covers ${level.candle}. `;
  if (level === overview) return "";
  if (level.part) return `Full ${run.timeframe} bars; “Whole run” goes back. `;
  return `Full ${run.timeframe} bars around the trade; ${level.broken ? "its middle is left out; " : ""}“Whole run” goes back. `;
}

function describeLevel() {
  const apart = level === overview && level.coarse && chosen >= 0 && !hasBars(chosen) && !zoomNote
    ? "This trade's full bars are not in this file. " : "";
  const text = levelNote() + apart + zoomNote + marksNote;
  if (levelText.textContent !== text) levelText.textContent = text;
}

function choose(number, reveal) {
  const at = indexAt(trades.number, number);
  if (trades.number[at] !== number) return;
  chosen = at;
  fitted = false;
  const whole = detailOf(at);
  if (whole !== null) showLevel(whole);
  else if (level !== overview) showLevel(overview);
  const from = indexAt(level.time, trades.entry[at]);
  const to = indexAt(level.time, trades.exit[at]);
  const margin = Math.max(20, (to - from) * 0.35);
  setRange(from - margin, to + margin);
  const side = isLong(at) ? "long" : "short";
  chosenText.textContent = `Trade ${number}: ${side}, ${isClosed(at) ? percent(trades.gain[at], true) : "open"}`;
  previous.disabled = at === 0;
  next.disabled = at === tradeCount - 1;
  setCurrent(rowOf(number));
  band.update();
  markTrades();
  describeLevel();
  writeLegends(null);
  if (reveal) document.getElementById("price").scrollIntoView({ block: "start" });
}

function showWhole() {
  chosen = -1;
  if (level !== overview) showLevel(overview);
  showAll();
  chosenText.textContent = tradeCount ? "No trade chosen" : "No trades";
  previous.disabled = next.disabled = tradeCount === 0;
  setCurrent(null);
  if (body) body.rows[0].tabIndex = 0;
  band.update();
  markTrades();
  describeLevel();
  writeLegends(null);
}

function step(by) {
  const at = chosen < 0 ? (by > 0 ? 0 : tradeCount - 1) : chosen + by;
  if (at >= 0 && at < tradeCount) choose(trades.number[at], false);
}
previous.addEventListener("click", () => step(-1));
next.addEventListener("click", () => step(1));
document.getElementById("whole").addEventListener("click", showWhole);

for (const button of document.querySelectorAll("button.log")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    const series = button.closest("section").id === "price" ? candles : equity;
    const mode = on ? library.PriceScaleMode.Logarithmic : library.PriceScaleMode.Normal;
    series.priceScale().applyOptions({ mode });
  });
}

function entry(name, value, paint, dashed) {
  const part = document.createElement("span");
  if (paint) {
    const swatch = document.createElement("i");
    if (dashed) swatch.className = "dashed";
    swatch.style.color = paint;
    part.append(swatch);
  }
  part.append(`${name} `);
  const strong = document.createElement("b");
  strong.textContent = value;
  part.append(strong);
  return part;
}

// Values at the pointer; without one, where the chosen trade ends, or the run, or what is in view of it.
function writeLegends(at) {
  const end = level.part ? Math.min(Math.max(Math.floor(inView.to), 0), level.time.length - 1) : level.time.length - 1;
  const resting = chosen < 0 ? end : indexAt(level.time, trades.exit[chosen]);
  const there = at === null ? resting : at;
  const when = entry("", `${moment(level.time[there])} UTC`);
  const prices = ["open", "high", "low", "close"].map((name) => entry(name, written(level[name][there])));
  const lines = run.lines.map((line, i) => entry(line.name, written(level.lines[i][there]), `var(--line-${(i % 4) + 1})`, i >= 4));
  document.getElementById("price-legend").replaceChildren(when, ...prices, ...lines);
  document.getElementById("equity-legend").replaceChildren(
    when.cloneNode(true),
    entry("strategy", written(level.equity[there]), "var(--good)"),
    entry("buy and hold", written(level.benchmark[there]), "var(--benchmark)"),
    entry("under the peak", percent(-level.drawdown[there]), "var(--bad)"),
    entry("invested", percent(level.invested[there]), "var(--held)"),
  );
}

function pointAt(source, other, series, column) {
  source.subscribeCrosshairMove((event) => {
    const outside = event.time === undefined || event.logical === undefined;
    const at = outside ? null : Math.max(0, Math.min(level.time.length - 1, event.logical));
    writeLegends(at);
    // Only the chart under the pointer leads; the other one follows without answering.
    if (!event.sourceEvent && !outside) return;
    if (at === null) other.clearCrosshairPosition();
    else other.setCrosshairPosition(level[column][at], level.time[at], series);
  });
}
pointAt(priceChart, equityChart, equity, "equity");
pointAt(equityChart, priceChart, candles, "close");

function zoom(factor) {
  fitted = false;
  const middle = (inView.from + inView.to) / 2;
  const half = Math.max(4, ((inView.to - inView.from) / 2) * factor);
  setRange(middle - half, middle + half);
}

function move(part) {
  fitted = false;
  const by = (inView.to - inView.from) * part;
  setRange(inView.from + by, inView.to + by);
}

const keys = {
  ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15),
  "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1.4), Home: showWhole,
};

for (const [box, chart] of [[priceBox, priceChart], [equityBox, equityChart]]) {
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  const wheel = (on) => chart.applyOptions({ handleScale: { mouseWheel: on }, handleScroll: { mouseWheel: on } });
  box.addEventListener("pointerdown", () => wheel(true));
  // From here on the reader moves the chart.
  for (const name of ["pointerdown", "wheel"]) box.addEventListener(name, () => { fitted = false; }, { passive: true });
  box.addEventListener("pointerup", () => { fitted = isWhole(priceChart.timeScale().getVisibleLogicalRange()); });
  box.addEventListener("pointerleave", () => wheel(false));
}

// Paper gets pictures of the charts, drawn anew in light colours: a canvas is not repainted
// between a change of colours and the print, and keeps the width that it has on the screen.
const PAPER_WIDTH = 1000;
const PAPER_HEIGHT = 0.8;

function picture(box, chart) {
  const range = chart.timeScale().getVisibleLogicalRange();
  const { clientWidth: width, clientHeight: height } = box;
  const flat = Math.round(height * PAPER_HEIGHT);
  chart.applyOptions({ autoSize: false });
  // Each change of size paints at once, the second one with the range set after the first.
  chart.resize(PAPER_WIDTH, flat + 1, true);
  if (range) chart.timeScale().setVisibleLogicalRange(range);
  chart.resize(PAPER_WIDTH, flat, true);
  const made = document.createElement("img");
  made.alt = "";
  made.src = chart.takeScreenshot(true).toDataURL();
  chart.resize(width, height, true);
  chart.applyOptions({ autoSize: true });
  if (range) chart.timeScale().setVisibleLogicalRange(range);
  return made;
}

addEventListener("beforeprint", () => {
  const kept = fitted;
  for (const [box, chart] of [[priceBox, priceChart], [equityBox, equityChart]]) box.append(picture(box, chart));
  fitted = kept;
});
addEventListener("afterprint", () => {
  for (const made of document.querySelectorAll(".chart img")) made.remove();
  if (fitted) showAll();
});

// What is in view, for scripts that read the page.
for (const [box, chart] of [[priceBox, priceChart], [equityBox, equityChart]]) {
  chart.timeScale().subscribeVisibleTimeRangeChange((range) => {
    if (!range) return;
    box.dataset.from = moment(range.from);
    box.dataset.to = moment(range.to);
  });
}

themeListeners.push(paint, markTrades, () => band.update());
themeChanged();
showWhole();
