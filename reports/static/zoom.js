// Finer candles: the server has all bars, and sends those of a stretch that is looked at closely.

// So much is asked for on each side of what is in view, as a part of it.
const BESIDE = 1;
const CANDLES = 5000;
// Candles in view, below which finer ones are asked for: what comes is three times finer then, and
// the next step of what candles may cover is never more.
const CLOSE_UP = CANDLES / (1 + 2 * BESIDE) / 3;
// Of the whole run, so much in view is seen well enough with the candles of the file.
const FAR_OFF = 0.2;
// The view rests for so long (ms) before anything is asked for.
const STILL = 200;
const candlesAddress = why.dataset.candles;
// Both in seconds, as all times of the charts; the end is that of the last candle.
const runStart = overview.time[0];
const runStop = overview.time[overview.time.length - 1] + secondsOf(run.candle);
let pause = 0;
let fetching = false;

const widthAt = (at) => at + 1 < level.time.length ? level.time[at + 1] - level.time[at] : barSeconds();

// The time at a place between candles, and the other way round.
function timeAt(place) {
  const at = Math.max(0, Math.min(level.time.length - 1, Math.floor(place)));
  return level.time[at] + (place - at) * widthAt(at);
}

function placeOf(time) {
  const at = indexAt(level.time, time);
  return at + (time - level.time[at]) / widthAt(at);
}

function showAt(next, from, to) {
  showLevel(next);
  setRange(placeOf(from), placeOf(to));
  band.update();
  markTrades();
  describeLevel();
  writeLegends(null);
  pointer.update();
}

function sayOfZoom(text) {
  zoomNote = text;
  describeLevel();
}

// The candles of a stretch, or what is said where there are none.
async function candlesOf(from, to) {
  const query = new URLSearchParams({ from: Math.round(from * 1000), to: Math.round(to * 1000), max_points: CANDLES });
  try {
    const response = await fetch(`${candlesAddress}?${query}`);
    const found = await response.json();
    if (!response.ok) return { refusal: found.detail ?? found.title };
    return { level: Object.assign(decodeLevel(found.level), { candle: found.candle, coarse: !found.whole, part: true }) };
  } catch {
    return { refusal: "the server does not answer." };
  }
}

async function fetchAround(from, to) {
  fetching = true;
  sayOfZoom("Finer candles are being fetched. ");
  const aside = (to - from) * BESIDE;
  const asked = [Math.max(from - aside, runStart), Math.min(to + aside, runStop)];
  const found = await candlesOf(...asked);
  sayOfZoom(found.refusal ? `There are no finer candles: ${found.refusal} ` : "");
  fetching = false;
  // Asked again at the next move at the earliest.
  if (found.refusal || fitted || found.level.lines.length !== run.lines.length) return;
  // The view may have moved meanwhile, and then shows what was not asked for.
  const [begin, end] = seen();
  if (begin < asked[0] || end > asked[1]) look();
  else showAt(Object.assign(found.level, { asked }), begin, end);
}

// The times at the ends of what is in view.
function seen() {
  return [timeAt(Math.max(inView.from, 0)), timeAt(Math.min(inView.to, level.time.length - 1))];
}

function look() {
  if (!inView || fitted || fetching) return;
  const [from, to] = seen();
  if (level.coarse && inView.to - inView.from < CLOSE_UP) fetchAround(from, to);
  else if (level !== overview && !level.broken) {
    const last = level.time.length - 1;
    const [start, stop] = level.asked ?? [level.time[0], level.time[last]];
    if (!(inView.from < 1 && start > runStart) && !(inView.to > last - 1 && stop < runStop)) return;
    if (to - from > FAR_OFF * (runStop - runStart)) showAt(overview, from, to);
    else fetchAround(from, to);
  }
}

if (!run.whole) {
  priceChart.timeScale().subscribeVisibleLogicalRangeChange(() => {
    clearTimeout(pause);
    pause = setTimeout(look, STILL);
  });
}
