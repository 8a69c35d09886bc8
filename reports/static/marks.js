// Trades on the price chart: marks that thin out as the view widens, and the chosen trade.

const PIXELS_A_MARK = 13;
const PIXELS_A_WORD = 110;
const marks = library.createSeriesMarkers(candles, [], { autoScale: false, zOrder: "top" });

// Trades that begin or end between two times; `trades` is in time order.
function tradesWithin(from, to) {
  const found = [];
  for (let i = 0; i < tradeCount; i++) {
    if (trades.entry[i] > to) break;
    if (trades.exit[i] >= from) found.push(i);
  }
  return found;
}

// Every k-th trade, k a power of two, so that marks stay put while the view moves.
function thinned(found) {
  let step = 1;
  const most = priceChart.timeScale().width() / PIXELS_A_MARK;
  while (found.length / step > most) step *= 2;
  return { kept: step === 1 ? found : found.filter((i) => i % step === 0 || i === chosen), step };
}

let chosen = -1;

function markTrades() {
  const range = priceChart.timeScale().getVisibleLogicalRange();
  if (!range || level === null) return;
  const last = level.time.length - 1;
  const from = level.time[Math.max(0, Math.min(last, Math.floor(range.from)))];
  const to = level.time[Math.max(0, Math.min(last, Math.ceil(range.to)))];
  const found = tradesWithin(from, Math.max(to, from));
  const { kept, step } = thinned(found);
  const words = kept.length <= priceChart.timeScale().width() / PIXELS_A_WORD;
  const made = [];
  const ends = [level.time[0], level.time[last] + barSeconds()];
  for (const i of kept) {
    const long = isLong(i);
    const under = long ? "belowBar" : "aboveBar";
    const over = long ? "aboveBar" : "belowBar";
    if (trades.entry[i] >= ends[0] && trades.entry[i] < ends[1]) {
      made.push({
        time: level.time[indexAt(level.time, trades.entry[i])], position: under, color: colour("ink"),
        shape: long ? "arrowUp" : "arrowDown", text: words ? `${trades.number[i]}` : "",
      });
    }
    if (isClosed(i) && trades.exit[i] >= ends[0] && trades.exit[i] < ends[1]) {
      made.push({
        time: level.time[indexAt(level.time, trades.exit[i])], position: over,
        color: colour(trades.gain[i] > 0 ? "good" : "bad"), shape: "circle", size: words ? 0.8 : 0.6,
        text: words ? percent(trades.gain[i], true) : "",
      });
    }
  }
  made.sort((a, b) => a.time - b.time);
  marks.setMarkers(made);
  marksNote = step === 1 ? "" : `Marks: one trade in ${step}; zoom in for more.`;
}

let marksNote = "";

function secondsOf(timeframe) {
  const units = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  return Number(timeframe.slice(0, -1)) * units[timeframe.slice(-1)];
}

// What a candle in view covers.
const barSeconds = () => secondsOf(level.candle ?? run.timeframe);

// The chosen trade: a band over its time, a box from its entry to its exit.
const band = {
  attached({ requestUpdate }) { this.update = requestUpdate; },
  detached() {},
  updateAllViews() {},
  paneViews() { return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.draw(target) }) }]; },
  draw(target) {
    if (chosen < 0 || level === null) return;
    const scale = priceChart.timeScale();
    const from = indexAt(level.time, trades.entry[chosen]);
    const to = indexAt(level.time, trades.exit[chosen]);
    const half = Math.max(1.5, scale.options().barSpacing / 2);
    const left = scale.logicalToCoordinate(from) - half;
    const right = scale.logicalToCoordinate(to) + half;
    const top = candles.priceToCoordinate(trades.entry_price[chosen]);
    const bottom = candles.priceToCoordinate(trades.exit_price[chosen]);
    const gain = trades.gain[chosen] > 0;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
      context.fillStyle = colour("faint");
      context.fillRect(left * h, 0, (right - left) * h, bitmapSize.height);
      context.fillStyle = colour(gain ? "band-good" : "band-bad");
      context.fillRect(left * h, Math.min(top, bottom) * v, (right - left) * h, Math.abs(bottom - top) * v);
      context.strokeStyle = colour(gain ? "good" : "bad");
      context.lineWidth = 1.5 * v;
      context.setLineDash([5 * h, 4 * h]);
      context.beginPath();
      context.moveTo((left + half) * h, top * v);
      context.lineTo((right - half) * h, bottom * v);
      context.stroke();
    });
  },
};
candles.attachPrimitive(band);

let marking = 0;
priceChart.timeScale().subscribeVisibleLogicalRangeChange(() => {
  if (marking) return;
  marking = requestAnimationFrame(() => {
    marking = 0;
    markTrades();
    describeLevel();
  });
});
